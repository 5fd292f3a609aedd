//! What a repository is and everything that it stores.
