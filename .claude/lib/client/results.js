/** What callers get from recording and sending decisions. It names no type of Node, so that programs without them compile. */
export {};
