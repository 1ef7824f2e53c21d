/** What happens to a zeromq socket, as its monitor tells it. */
import type { EventType, Socket } from 'zeromq'

/** Reports events until the socket is closed. Throws when the process has no socket left to watch with. */
export function onSocketEvents(socket: Socket, onEvent: (event: EventType) => void): void {
  void read(socket.events, onEvent)
}

async function read(events: Socket['events'], onEvent: (event: EventType) => void): Promise<void> {
  try {
    while (!events.closed) onEvent((await events.receive()).type)
  } catch {
    // The socket was closed.
  }
}
