"""How long the processes may take to end. The API's server, the supervisor and the manifests in
`docker/` agree on these; a test compares them."""

ANSWERS_S = 60  # running answers are written to their end, if that takes no longer
CLOSING_S = 10  # then answers that were cut off and indexes are saved
API_STOP_S = ANSWERS_S + CLOSING_S
REST_STOP_S = 8  # interface and engine, which running answers need, end after the API
