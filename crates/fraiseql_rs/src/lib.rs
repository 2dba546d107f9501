//! The extension under test.
