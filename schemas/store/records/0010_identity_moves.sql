-- What messages and people said about numbers, with the time they said it: a later saying about a
-- number wins over an earlier one that arrives late.
CREATE TABLE identity_event (
  sequence INTEGER NOT NULL,         -- journal entry
  kind INTEGER NOT NULL,             -- identity::EventKind
  from_id TEXT NOT NULL,             -- Patient id of the number that is retired, moved or linked
  into_id TEXT NOT NULL,
  said BIGINT NOT NULL,              -- microseconds since 1970: event time, else arrival
  PRIMARY KEY (sequence, kind, from_id, into_id)
) WITHOUT ROWID;
CREATE INDEX identity_event_from ON identity_event (from_id, kind, said);
-- Resources that came under a number after it was retired: an unmerge sends them back.
CREATE TABLE identity_late (
  number TEXT NOT NULL,              -- Patient id of the retired number
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  sequence INTEGER NOT NULL,         -- the first such message
  PRIMARY KEY (number, type, id)
) WITHOUT ROWID;
CREATE INDEX patient_redirect_sequence ON patient_redirect (sequence);
-- Patients that are one person and both in use; a < b.
CREATE TABLE patient_tie (
  a TEXT NOT NULL,
  b TEXT NOT NULL,
  PRIMARY KEY (a, b)
) WITHOUT ROWID;
CREATE INDEX patient_tie_b ON patient_tie (b);
-- The group a tied Patient belongs to: the least id in it. Others are a group of their own.
CREATE TABLE patient_group (
  patient TEXT PRIMARY KEY,
  leader TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX patient_group_leader ON patient_group (leader);
-- Merges that were taken back, and what somebody must look at afterwards.
CREATE TABLE unmerge (
  sequence INTEGER PRIMARY KEY,
  retired TEXT NOT NULL,
  survivor TEXT NOT NULL,
  merged INTEGER NOT NULL,           -- entry of the merge
  at BIGINT NOT NULL,
  decided_by TEXT NOT NULL,
  reason TEXT NOT NULL
);
CREATE TABLE unmerge_item (
  sequence INTEGER NOT NULL,         -- of the unmerge
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  patient TEXT NOT NULL,             -- with whom it stands now
  why INTEGER NOT NULL,              -- identity::Doubt
  decided_by TEXT NOT NULL,          -- '' = nobody looked yet
  PRIMARY KEY (sequence, type, id)
) WITHOUT ROWID;
CREATE TABLE repair_message (
  sequence INTEGER NOT NULL,
  number INTEGER NOT NULL,
  trigger_event TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (sequence, number)
) WITHOUT ROWID;
-- Who proposed a merge of the review queue, and who is to survive it.
ALTER TABLE mpi_pair ADD COLUMN proposed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE mpi_pair ADD COLUMN survivor TEXT NOT NULL DEFAULT '';
