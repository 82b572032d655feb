"""What stands between the network and Gradio: limits, log-in, the list of open routes, and the health of the server."""
