-- Periodic review of all files: who reviews which discharged visits, and what became of it. A plan's
-- number is its order's place in the journal. Visits reviewed without a plan have plan 0.
CREATE TABLE him_review_plan (
  number BIGINT PRIMARY KEY,
  starts BIGINT NOT NULL,
  ends BIGINT NOT NULL,
  sample TEXT NOT NULL,
  reviewer TEXT NOT NULL,
  planned BIGINT NOT NULL,
  planned_by TEXT NOT NULL,
  population BIGINT NOT NULL,
  chosen BIGINT NOT NULL
);
CREATE TABLE him_review (
  encounter TEXT PRIMARY KEY,
  plan BIGINT NOT NULL,
  reviewer TEXT NOT NULL,
  reviewed BIGINT,
  reviewed_by TEXT NOT NULL DEFAULT '',
  note TEXT NOT NULL DEFAULT '',
  open_items BIGINT NOT NULL DEFAULT 0
);
