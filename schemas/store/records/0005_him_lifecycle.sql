-- The life of a deficiency beyond delinquency. Two states came in between: warned 4, suspended 5.
UPDATE him_deficiency SET state = state + 2 WHERE state >= 4;
ALTER TABLE him_deficiency ADD COLUMN part TEXT NOT NULL DEFAULT '';
ALTER TABLE him_deficiency ADD COLUMN owner_id TEXT NOT NULL DEFAULT '';
ALTER TABLE him_deficiency ADD COLUMN decision TEXT NOT NULL DEFAULT '';
ALTER TABLE him_deficiency ADD COLUMN reassigned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE him_deficiency ADD COLUMN letters INTEGER NOT NULL DEFAULT 0;
ALTER TABLE him_deficiency ADD COLUMN warned BIGINT;
ALTER TABLE him_deficiency ADD COLUMN suspend_on BIGINT;
ALTER TABLE him_deficiency ADD COLUMN suspended BIGINT;
ALTER TABLE him_deficiency ADD COLUMN retry BIGINT;
CREATE INDEX him_deficiency_owner ON him_deficiency (owner_id) WHERE closed IS NULL;
-- Known from a historical feed alone: nothing opens about it.
ALTER TABLE him_visit ADD COLUMN historical INTEGER NOT NULL DEFAULT 0;
ALTER TABLE him_fact ADD COLUMN historical INTEGER NOT NULL DEFAULT 0;
-- When the visit ended, for statistics; NULL while it has not.
ALTER TABLE him_visit ADD COLUMN ended BIGINT;
ALTER TABLE him_visit ADD COLUMN class TEXT NOT NULL DEFAULT '';
CREATE INDEX him_visit_ended ON him_visit (ended) WHERE ended IS NOT NULL;
CREATE INDEX him_visit_number ON him_visit (number);
CREATE INDEX him_visit_planned ON him_visit (encounter) WHERE status = 'planned';
-- The last message of each feed: its arrival and its own time.
CREATE TABLE him_feed (
  feed TEXT PRIMARY KEY,
  received BIGINT NOT NULL,
  event BIGINT NOT NULL
) WITHOUT ROWID;
CREATE TABLE him_absence (
  owner_id TEXT NOT NULL,
  starts BIGINT NOT NULL,
  ends BIGINT NOT NULL,
  filed BIGINT NOT NULL,
  filed_by TEXT NOT NULL,
  PRIMARY KEY (owner_id, starts)
) WITHOUT ROWID;
-- Physicians who are suspended now.
CREATE TABLE him_suspended (
  owner_id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  owner_reference TEXT NOT NULL,
  since BIGINT NOT NULL
) WITHOUT ROWID;
-- The log of letters. Numbers come from the rows themselves, in the transaction of the step.
CREATE TABLE him_letter (
  number INTEGER NOT NULL PRIMARY KEY,
  level INTEGER NOT NULL,
  owner_id TEXT NOT NULL,
  owner TEXT NOT NULL,
  title TEXT NOT NULL,
  recipients TEXT NOT NULL,
  written BIGINT NOT NULL,
  suspend_on BIGINT,
  sent BIGINT,
  sent_how TEXT NOT NULL DEFAULT '',
  deficiencies TEXT NOT NULL,
  body TEXT NOT NULL,
  html TEXT NOT NULL
);
CREATE INDEX him_letter_unsent ON him_letter (number) WHERE sent IS NULL;
-- Documents that the department reviewed.
CREATE TABLE him_reviewed (
  document TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  reviewer TEXT NOT NULL
) WITHOUT ROWID;
