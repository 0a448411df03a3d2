-- Rows of half a kilobyte in a tree of their own keys leave seven to a page, on every level: finding
-- one among a million takes eight steps. By number they stand under a tree three levels high, and
-- their keys in small ones beside it.
CREATE TABLE him_deficiency_new (
  number INTEGER NOT NULL PRIMARY KEY,
  id TEXT NOT NULL,
  rule TEXT NOT NULL,
  patient TEXT NOT NULL,
  mrn TEXT NOT NULL,
  visit TEXT NOT NULL,
  encounter TEXT NOT NULL,
  subject TEXT NOT NULL,
  lacking_code TEXT NOT NULL,
  lacking TEXT NOT NULL,
  owner TEXT NOT NULL,
  owner_name TEXT NOT NULL,
  owner_reference TEXT NOT NULL,
  state INTEGER NOT NULL,
  begun INTEGER NOT NULL,
  available INTEGER NOT NULL,
  severity TEXT NOT NULL,
  source TEXT NOT NULL,
  opened BIGINT NOT NULL,
  due BIGINT,
  hard_due BIGINT,
  closed BIGINT,
  modified BIGINT NOT NULL,
  opened_by TEXT NOT NULL,
  closed_by TEXT NOT NULL,
  opened_sequence BIGINT NOT NULL,
  closed_sequence BIGINT NOT NULL,
  next_at BIGINT,
  part TEXT NOT NULL DEFAULT '',
  owner_id TEXT NOT NULL DEFAULT '',
  decision TEXT NOT NULL DEFAULT '',
  reassigned INTEGER NOT NULL DEFAULT 0,
  letters INTEGER NOT NULL DEFAULT 0,
  warned BIGINT,
  suspend_on BIGINT,
  suspended BIGINT,
  retry BIGINT
);
INSERT INTO him_deficiency_new (id, rule, patient, mrn, visit, encounter, subject, lacking_code,
    lacking, owner, owner_name, owner_reference, state, begun, available, severity, source, opened,
    due, hard_due, closed, modified, opened_by, closed_by, opened_sequence, closed_sequence, next_at,
    part, owner_id, decision, reassigned, letters, warned, suspend_on, suspended, retry)
  SELECT id, rule, patient, mrn, visit, encounter, subject, lacking_code,
    lacking, owner, owner_name, owner_reference, state, begun, available, severity, source, opened,
    due, hard_due, closed, modified, opened_by, closed_by, opened_sequence, closed_sequence, next_at,
    part, owner_id, decision, reassigned, letters, warned, suspend_on, suspended, retry
  FROM him_deficiency ORDER BY encounter, opened_sequence, id;
DROP TABLE him_deficiency;
ALTER TABLE him_deficiency_new RENAME TO him_deficiency;
CREATE UNIQUE INDEX him_deficiency_id ON him_deficiency (id);
CREATE INDEX him_deficiency_encounter ON him_deficiency (encounter);
CREATE INDEX him_deficiency_patient ON him_deficiency (patient);
CREATE INDEX him_deficiency_mrn ON him_deficiency (mrn);
-- An open one is found by its owner; most that ever were are closed and seldom asked for.
CREATE INDEX him_deficiency_owner ON him_deficiency (owner_id) WHERE closed IS NULL;
CREATE INDEX him_deficiency_closed ON him_deficiency (closed) WHERE closed IS NOT NULL;
CREATE INDEX him_deficiency_next ON him_deficiency (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE him_visit_new (
  place INTEGER NOT NULL PRIMARY KEY,
  encounter TEXT NOT NULL,
  patient TEXT NOT NULL,
  number TEXT NOT NULL,
  status TEXT NOT NULL,
  started BIGINT,
  seen BIGINT NOT NULL,
  wake BIGINT,
  facts TEXT NOT NULL,
  historical INTEGER NOT NULL DEFAULT 0,
  ended BIGINT,
  class TEXT NOT NULL DEFAULT '',
  judged_under BIGINT NOT NULL DEFAULT 0   -- hash of pack and terms; a change of one fact is judged
                                           -- by the rules that read it, unless this is another now
);
INSERT INTO him_visit_new (encounter, patient, number, status, started, seen, wake, facts,
    historical, ended, class)
  SELECT encounter, patient, number, status, started, seen, wake, facts, historical, ended, class
  FROM him_visit ORDER BY seen, encounter;
DROP TABLE him_visit;
ALTER TABLE him_visit_new RENAME TO him_visit;
CREATE UNIQUE INDEX him_visit_encounter ON him_visit (encounter);
CREATE INDEX him_visit_patient ON him_visit (patient, started);
CREATE INDEX him_visit_number ON him_visit (number);
CREATE INDEX him_visit_wake ON him_visit (wake) WHERE wake IS NOT NULL;
CREATE INDEX him_visit_ended ON him_visit (ended) WHERE ended IS NOT NULL;
CREATE INDEX him_visit_planned ON him_visit (encounter) WHERE status = 'planned';
