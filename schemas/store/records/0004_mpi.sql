-- What the master patient index decided about arriving patients, and what people decided since.
-- One row a pair; `patient` arrived, `other` was there. Rows are never deleted: a pair judged to be
-- two persons stays known as such.
CREATE TABLE mpi_pair (
  patient TEXT NOT NULL,
  other TEXT NOT NULL,
  state INTEGER NOT NULL,            -- identity::PairState
  weight INTEGER NOT NULL,           -- thousandths of a bit
  guards INTEGER NOT NULL,           -- identity::GuardSet
  blocks INTEGER NOT NULL,           -- bit n: blocking key n brought them together
  fields TEXT NOT NULL,              -- JSON: level and weight of each field, no values
  sequence INTEGER NOT NULL,         -- journal entry that found it
  found BIGINT NOT NULL,             -- microseconds since 1970
  decided_sequence INTEGER NOT NULL, -- 0 = by nobody yet
  decided BIGINT NOT NULL,
  decided_by TEXT NOT NULL,
  PRIMARY KEY (patient, other)
) WITHOUT ROWID;
CREATE INDEX mpi_pair_other ON mpi_pair (other, patient);
CREATE INDEX mpi_pair_open ON mpi_pair (weight) WHERE state IN (0, 4);
