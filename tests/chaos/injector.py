"""Many SMTP clients at once, and the ledger of what each was told."""

import asyncio
import collections
import random
import time
from dataclasses import dataclass, field

from generations import spoken

LONGEST_ANSWER = 90.0
WAIT_AFTER_FAULT = (0.1, 0.4)


@dataclass
class Attempt:
    """One try of one message."""
    message: object
    number: int
    recipients: list
    began: float = 0.0   # when MAIL was sent
    judged: float = 0.0  # by then its configuration was settled: when the first recipient was answered. The answer to MAIL may not wait for Postern
    ended: float = 0.0
    final: dict = field(default_factory=dict)  # recipient to (code, text): the last word about it

    @property
    def sender(self):
        return self.message.sender(self.number)

    def settle(self, recipients, code, text):
        for recipient in recipients:
            self.final[recipient] = (code, text)


class Gone(Exception):
    """The server hung up, or says nothing."""


class Closing(Exception):
    """421: the server ends the connection, and so whatever is under way on it (RFC 5321 3.8)."""


class Client:
    def __init__(self, port):
        self.port, self.reader, self.writer = port, None, None

    async def open(self):
        """Nothing when the server greets, else its code and text."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        for answer in (await self.answer(), await self.say("EHLO client.example")):
            if answer[0] != 2:
                return answer
        return None

    async def answer(self):
        """The class of the reply's code, and all its lines."""
        lines = []
        while True:
            try:
                line = await asyncio.wait_for(self.reader.readline(), LONGEST_ANSWER)
            except (OSError, asyncio.TimeoutError) as error:
                raise Gone from error
            if not line.endswith(b"\n"):
                raise Gone
            lines.append(line.decode("utf-8", "replace").rstrip())
            if line[3:4] == b"-":
                continue
            if line.startswith(b"421"):
                raise Closing(" ".join(lines))
            return int(line[:1]), " ".join(lines)

    async def say(self, text):
        return await self.send(text.encode() + b"\r\n")

    async def send(self, data):
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError as error:
            raise Gone from error
        return await self.answer()

    def close(self):
        if self.writer:
            self.writer.close()


class Injector:
    """Sends messages. `gate(number)` tells whether the message may start yet; `begun` counts those that have."""

    def __init__(self, port, seed, clients, gate=lambda number: True):
        self.port, self.gate, self.clients = port, gate, clients
        self.chance = random.Random(f"{seed} injector")
        self.attempts, self.begun, self.connections = [], 0, 0
        self.fresh, self.again = collections.deque(), []

    def run(self, messages):
        """Until each message has its last word; the attempts so far."""
        self.fresh.extend(messages)
        asyncio.run(self.all_clients())
        return self.attempts

    async def all_clients(self):
        self.under_way = 0
        await asyncio.gather(*(self.one_client() for _ in range(self.clients)))

    async def next(self):
        """The attempt that is due, or None when all is done."""
        while True:
            due = next((i for i, (when, _) in enumerate(self.again) if when <= time.monotonic()), None)
            if due is not None:
                return self.again.pop(due)[1]
            if self.fresh and self.gate(self.fresh[0].number):
                message = self.fresh.popleft()
                self.begun += 1
                return Attempt(message, 1, list(message.recipients))
            if not self.fresh and not self.again and not self.under_way:
                return None
            await asyncio.sleep(0.01)

    async def one_client(self):
        client, left = None, 0
        while attempt := await self.next():
            self.under_way += 1
            self.attempts.append(attempt)
            try:
                if client is None:
                    client, left = Client(self.port), self.chance.randint(1, 10)
                    self.connections += 1
                    if refusal := await client.open():
                        attempt.settle(attempt.recipients, *refusal)
                if not attempt.final:
                    await self.transact(client, attempt)
            except Closing as closing:
                attempt.settle([r for r in attempt.recipients if r not in attempt.final], 4, str(closing))
                left = 0
            except (Gone, OSError):
                left = 0
            attempt.ended = time.monotonic()
            self.under_way -= 1
            left -= 1
            fault = any(code == 4 and not spoken(text) for code, text in attempt.final.values())
            self.try_again(attempt)
            if left <= 0 or fault:  # once its filter is lost, Postfix puts off whatever comes over this connection
                client.close()
                client = None
            if fault:
                await asyncio.sleep(self.chance.uniform(*WAIT_AFTER_FAULT))
        if client:
            client.close()

    async def transact(self, client, attempt):
        message = attempt.message
        attempt.began = time.monotonic()
        code, text = await client.say(f"MAIL FROM:<{attempt.sender}>")
        if code != 2:
            attempt.settle(attempt.recipients, code, text)
            await client.say("RSET")
            return
        await self.pause(message, "MAIL")
        taken = []
        for recipient in attempt.recipients:
            code, text = await client.say(f"RCPT TO:<{recipient}>")
            attempt.judged = attempt.judged or time.monotonic()
            if code == 2:
                taken.append(recipient)
            else:
                attempt.settle([recipient], code, text)
            await self.pause(message, "RCPT")
        code, text = await client.say("DATA" if taken else "RSET")
        if not taken:
            return
        if code == 3:
            await self.pause(message, "DATA")
            data = message.data(attempt.number)
            if "body" in message.pauses:
                client.writer.write(data[:len(data) // 2])
                await self.pause(message, "body")
                data = data[len(data) // 2:]
            code, text = await client.send(data + b".\r\n")
        attempt.settle(taken, code, text)

    async def pause(self, message, step):
        if step in message.pauses:
            await asyncio.sleep(message.pauses[step])

    def try_again(self, attempt):
        """As a mail client does, with the recipients that were put off, and only those."""
        put_off = [recipient for recipient, (code, _) in attempt.final.items() if code == 4]
        if put_off and attempt.number < attempt.message.patience:
            self.again.append((time.monotonic() + self.chance.uniform(0.2, 1.5), Attempt(attempt.message, attempt.number + 1, put_off)))
