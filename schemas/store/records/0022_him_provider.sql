-- Ids that one doctor goes by: `provider` is the one that owners of deficiencies are kept under.
CREATE TABLE him_provider (
  id TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  name TEXT NOT NULL,
  how TEXT NOT NULL,                 -- "Practitioner/<id>" of a master file, or who joined them
  joined BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX him_provider_of ON him_provider (provider);
-- The number of each Practitioner resource: charts name doctors by reference.
CREATE TABLE him_practitioner (
  reference TEXT PRIMARY KEY,
  id TEXT NOT NULL
) WITHOUT ROWID;
