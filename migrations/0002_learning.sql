-- What learning needs beyond the counts: sums instead of rounded averages, so that a corrected decision can be taken
-- back exactly, and the same evidence with forgetting.
ALTER TABLE orchestration_patterns ADD COLUMN partial_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orchestration_patterns ADD COLUMN duration_sum_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orchestration_patterns ADD COLUMN duration_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orchestration_patterns ADD COLUMN tokens_sum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orchestration_patterns ADD COLUMN tokens_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orchestration_patterns ADD COLUMN faded_credit REAL NOT NULL DEFAULT 0;
ALTER TABLE orchestration_patterns ADD COLUMN faded_uses REAL NOT NULL DEFAULT 0;
ALTER TABLE orchestration_patterns ADD COLUMN faded_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orchestration_patterns ADD COLUMN origin TEXT NOT NULL DEFAULT 'stored'; -- 'stored' | 'learned'
ALTER TABLE orchestration_patterns ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0; -- follows from the counts

-- Rows that came without sums: their averages stand for every use, all as of their last change.
UPDATE orchestration_patterns SET
  duration_count = IIF(avg_duration_ms > 0, success_count + failure_count, 0),
  duration_sum_ms = IIF(avg_duration_ms > 0, avg_duration_ms * (success_count + failure_count), 0),
  tokens_count = IIF(avg_tokens_saved <> 0, success_count + failure_count, 0),
  tokens_sum = avg_tokens_saved * (success_count + failure_count),
  faded_credit = success_count,
  faded_uses = success_count + failure_count,
  faded_at_ms = COALESCE(CAST(unixepoch(updated_at) AS INTEGER) * 1000, 0);

-- The pattern a decision taught; NULL where it taught none.
ALTER TABLE decision_history ADD COLUMN pattern_id TEXT;

-- All kinds of query go into one log.
ALTER TABLE agent_queries ADD COLUMN method TEXT;
ALTER TABLE agent_queries ADD COLUMN plugin TEXT;
ALTER TABLE agent_queries ADD COLUMN result_limit INTEGER;
