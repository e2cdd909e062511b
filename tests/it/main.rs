//! Whole commands against real files, real sockets and a real terminal: one binary, one file a capability.
