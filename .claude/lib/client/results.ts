/** What callers get from recording and sending decisions. It names no type of Node, so that programs without them compile. */

import type { CallError, DecisionAnswer } from './wire.js';

/** The result of recording a decision. */
export interface RecordResult extends DecisionAnswer {
  /** Where it is queued; absent if it is not. */
  queued?: 'disk' | 'memory';
  /** Why it is neither stored nor queued. */
  error?: CallError;
  /** Why the service has not stored it yet. */
  reason?: string;
}

/** The result of a flush. */
export interface FlushResult {
  /** Decisions that were sent and acknowledged. */
  replayed: number;
  /** Decisions that are still queued, by this client or another. */
  waiting: number;
}
