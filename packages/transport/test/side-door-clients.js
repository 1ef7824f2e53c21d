/**
 * Clients of a side door in a process of their own, without the code under test:
 * `side-door-clients.js <local socket> <server key> <clients> <messages of each> <bytes of a message>`.
 * Says so to its parent once all have sent what they should, and then waits to be killed.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { curveKeyPair, Dealer } from 'zeromq'

const [path, curveServerKey, clients, messages, messageBytes] = process.argv.slice(2)
const kept = []

for (let client = 0; client < Number(clients); client++) {
  const lifeline = connect(path)
  lifeline.write('VOLTTRON side door 1\n')
  const [answer] = await once(lifeline, 'data')
  const { publicKey, secretKey } = curveKeyPair()
  const socket = new Dealer({
    // A message is taken only when the one before it has left for the kernel.
    sendHighWaterMark: 1,
    linger: 0,
    curveServerKey,
    curvePublicKey: publicKey,
    curveSecretKey: secretKey,
  })
  socket.connect(`ipc://${answer.toString().trimEnd()}`)
  for (let at = 0; at < Number(messages); at++) await socket.send([`${at}`, Buffer.alloc(Number(messageBytes))])
  kept.push({ lifeline, socket })
}
process.send('done')
process.once('disconnect', () => {
  // Named here, or the garbage collector closes the sockets long before.
  for (const { lifeline, socket } of kept) {
    lifeline.destroy()
    socket.close()
  }
  process.exit()
})
