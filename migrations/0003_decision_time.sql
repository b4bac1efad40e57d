-- When the decision in effect was made, in milliseconds since 1970, UTC: one that was made earlier does not replace it.
-- NULL where it came before this column.
ALTER TABLE decision_history ADD COLUMN decided_at_ms INTEGER;
