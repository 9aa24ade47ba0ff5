"""What reaches a judge: a client of its own for OpenAI-compatible servers, and Inspect's model API."""
