-- Forty columns a deficiency cost more than what is asked about it: what no statement asks for goes
-- into one column, `facts`, a JSON object. The columns that each judgement of a visit reads stand
-- first, so that the rest of a row is not looked at.
CREATE TABLE him_deficiency_new (
  number INTEGER NOT NULL PRIMARY KEY,
  encounter TEXT NOT NULL,
  rule TEXT NOT NULL,
  state INTEGER NOT NULL,
  judged BIGINT NOT NULL DEFAULT 0,   -- mark of the verdict it follows from; 0: not known
  next_at BIGINT,                     -- when the clock alone changes it next
  retry BIGINT,                       -- the clock waits until then for a silent feed
  id TEXT NOT NULL,
  patient TEXT NOT NULL,
  mrn TEXT NOT NULL,
  subject TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  opened BIGINT NOT NULL,
  due BIGINT,
  late BIGINT,                        -- from when it is delinquent: its due time, or the chart's
  closed BIGINT,
  suspended BIGINT,
  facts TEXT NOT NULL
);
INSERT INTO him_deficiency_new (number, encounter, rule, state, judged, next_at, retry, id, patient,
    mrn, subject, owner_id, opened, due, late, closed, suspended, facts)
  SELECT number, encounter, rule, state, judged, next_at, retry, id, patient, mrn, subject, owner_id,
    opened, due, due, closed, suspended,
    json_patch('{}', json_object(
      'visit', NULLIF(visit, ''), 'lacking_code', NULLIF(lacking_code, ''),
      'lacking', NULLIF(lacking, ''), 'owner', NULLIF(owner, ''),
      'owner_name', NULLIF(owner_name, ''), 'owner_reference', NULLIF(owner_reference, ''),
      'begun', CASE WHEN begun <> 0 THEN json('true') END,
      'available', CASE WHEN available <> 0 THEN json('true') END,
      'severity', NULLIF(severity, ''), 'source', NULLIF(source, ''), 'hard_due', hard_due,
      'modified', modified, 'opened_by', NULLIF(opened_by, ''), 'closed_by', NULLIF(closed_by, ''),
      'opened_sequence', NULLIF(opened_sequence, 0), 'closed_sequence', NULLIF(closed_sequence, 0),
      'part', NULLIF(part, ''), 'decision', NULLIF(decision, ''),
      'reassigned', CASE WHEN reassigned <> 0 THEN json('true') END,
      'letters', NULLIF(letters, 0), 'warned', warned, 'suspend_on', suspend_on))
  FROM him_deficiency ORDER BY number;
DROP TABLE him_deficiency;
ALTER TABLE him_deficiency_new RENAME TO him_deficiency;
CREATE UNIQUE INDEX him_deficiency_id ON him_deficiency (id);
CREATE INDEX him_deficiency_encounter ON him_deficiency (encounter);
CREATE INDEX him_deficiency_patient ON him_deficiency (patient);
CREATE INDEX him_deficiency_mrn ON him_deficiency (mrn);
CREATE INDEX him_deficiency_owner ON him_deficiency (owner_id) WHERE closed IS NULL;
CREATE INDEX him_deficiency_closed ON him_deficiency (closed) WHERE closed IS NOT NULL;
CREATE INDEX him_deficiency_next ON him_deficiency (next_at) WHERE next_at IS NOT NULL;
