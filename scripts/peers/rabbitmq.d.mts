/** The folder of RabbitMQ, `rabbitmq_server-<version>`; undefined when it is not on this machine. */
export function installation(): string | undefined
