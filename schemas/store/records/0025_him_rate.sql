-- Months whose delinquency rate has been reported, by their end.
CREATE TABLE him_rate (
  month_end BIGINT PRIMARY KEY,
  reported BIGINT NOT NULL
);
