"""One checkout's own deployment under .dev/: real MongoDB, RabbitMQ, nginx and the services."""
