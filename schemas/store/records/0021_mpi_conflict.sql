-- Messages that would have changed so much of who a known patient is that they are held until
-- somebody decides (overlay guard, rule R48). `stored` and `incoming` are FHIR Patients as they
-- stood then; `print` stands for what the message says about who it is.
CREATE TABLE mpi_conflict (
  sequence BIGINT PRIMARY KEY,
  patient TEXT NOT NULL,
  message TEXT NOT NULL,
  type TEXT NOT NULL,
  changed TEXT NOT NULL,
  event TEXT NOT NULL,
  print TEXT NOT NULL,
  stored TEXT NOT NULL,
  incoming TEXT NOT NULL,
  state INTEGER NOT NULL,
  held BIGINT NOT NULL,
  decided BIGINT,
  decided_by TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  applied BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX mpi_conflict_patient ON mpi_conflict (patient);
CREATE INDEX mpi_conflict_state ON mpi_conflict (state);
