-- Merges: who was retired into whom. A redirect, not a rewrite of keys: dropping the row undoes it.
CREATE TABLE patient_redirect (
  retired TEXT PRIMARY KEY,
  survivor TEXT NOT NULL,
  sequence INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX patient_redirect_survivor ON patient_redirect (survivor);
-- Merge journal: every row a merge moved, so that it can be moved back exactly.
CREATE TABLE merge_moved (
  sequence INTEGER NOT NULL,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  from_patient TEXT NOT NULL,
  to_patient TEXT NOT NULL,
  version_before INTEGER NOT NULL,
  PRIMARY KEY (sequence, type, id)
) WITHOUT ROWID;
