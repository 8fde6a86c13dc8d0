"""The backend as a server: a WebSocket on the loopback interface, and what feeds it."""
