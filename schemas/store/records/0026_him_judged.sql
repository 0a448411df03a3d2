-- The mark of the verdict that a deficiency follows from: while its rule says the same, it need not be
-- read. 0 = not known.
ALTER TABLE him_deficiency ADD COLUMN judged BIGINT NOT NULL DEFAULT 0;
