-- The chart model: facts taken from FHIR resources, ordered so that one visit with its patient is
-- one range of the tree. `facts` is a JSON object of the fields that engine/him/fact.hpp names.
CREATE TABLE him_visit (
  encounter TEXT PRIMARY KEY,
  patient TEXT NOT NULL,
  number TEXT NOT NULL,
  status TEXT NOT NULL,
  started BIGINT,
  seen BIGINT NOT NULL,
  wake BIGINT,
  facts TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX him_visit_patient ON him_visit (patient, started);
CREATE INDEX him_visit_wake ON him_visit (wake) WHERE wake IS NOT NULL;
CREATE TABLE him_fact (
  patient TEXT NOT NULL,
  encounter TEXT NOT NULL,
  kind INTEGER NOT NULL,
  id TEXT NOT NULL,
  seen BIGINT NOT NULL,
  replaced INTEGER NOT NULL DEFAULT 0,
  facts TEXT NOT NULL,
  PRIMARY KEY (patient, encounter, kind, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX him_fact_id ON him_fact (kind, id);
-- Which document takes the place of which; also known before the older one arrives.
CREATE TABLE him_replaces (
  newer TEXT PRIMARY KEY,
  older TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX him_replaces_older ON him_replaces (older);
-- Retired patients whose charts moved: facts that still name them belong to the survivor.
CREATE TABLE him_retired (
  patient TEXT PRIMARY KEY,
  survivor TEXT NOT NULL
) WITHOUT ROWID;
-- What charts lack, and lacked. Times are microseconds since 1970 UTC; next_at is the deadline index:
-- when the clock alone changes the state next.
CREATE TABLE him_deficiency (
  id TEXT PRIMARY KEY,
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
  next_at BIGINT
) WITHOUT ROWID;
CREATE INDEX him_deficiency_encounter ON him_deficiency (encounter, patient);
CREATE INDEX him_deficiency_patient ON him_deficiency (patient);
CREATE INDEX him_deficiency_visit ON him_deficiency (visit);
CREATE INDEX him_deficiency_mrn ON him_deficiency (mrn);
CREATE INDEX him_deficiency_closed ON him_deficiency (closed);
CREATE INDEX him_deficiency_next ON him_deficiency (next_at) WHERE next_at IS NOT NULL;
