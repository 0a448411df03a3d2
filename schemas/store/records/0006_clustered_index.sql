-- What points to one resource lies together, whatever the parameter: the references of a chart change a
-- page or two rather than one a parameter. `type` last: an id alone nearly always tells.
CREATE TABLE search_reference_new(
  id TEXT NOT NULL,
  param INTEGER NOT NULL,
  resource INTEGER NOT NULL,
  type INTEGER NOT NULL,             -- word; 0 = unknown, id is then the whole text
  PRIMARY KEY(id, param, resource, type)
) WITHOUT ROWID;
INSERT INTO search_reference_new(id,param,resource,type)
  SELECT id,param,resource,type FROM search_reference ORDER BY id,param,resource,type;
DROP TABLE search_reference;
ALTER TABLE search_reference_new RENAME TO search_reference;

-- Keys begin with the id of what they hang on: those of one parent together, whatever their type.
CREATE TABLE resource_key_new(
  key TEXT NOT NULL,
  type INTEGER NOT NULL,             -- word
  id TEXT NOT NULL,
  PRIMARY KEY(key, type)
) WITHOUT ROWID;
INSERT INTO resource_key_new(key,type,id) SELECT key,type,id FROM resource_key ORDER BY key,type;
DROP TABLE resource_key;
ALTER TABLE resource_key_new RENAME TO resource_key;

-- The entries name their parameters themselves. Each is led and followed by 0x1e.
UPDATE search_value SET entries=CAST(x'1e'||entries AS BLOB);
ALTER TABLE search_value DROP COLUMN params;
