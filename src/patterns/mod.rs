//! Plans of several agents, how alike two goals are, and what outcomes teach.
