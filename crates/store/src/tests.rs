//! How the store behaves with its own parts at hand.
