"""Alertmanager, and the mailbox of the person that it mails.

    with Mailbox() as mailbox, Alertmanager(directory, mailbox) as alertmanager:
        ... mailbox.wait_for(1)[0].subject ...
"""

import dataclasses
import email
import email.policy
import pathlib
import shutil
import socketserver
import subprocess
import threading

import yaml

from support.servers import Server, wait_until

EXAMPLE = pathlib.Path(__file__).resolve().parents[3] / ".github/examples/monitoring/alertmanager.yml"
SHARE = pathlib.Path("/usr/share/prometheus")


@dataclasses.dataclass
class Mail:
    subject: str
    text: str


class Mailbox:
    """An SMTP server on loopback that keeps every mail, in `mails`."""

    def __init__(self):
        mails = self.mails = []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.reply("220 mailbox")
                for line in self.rfile:
                    command = line[:4].upper().rstrip()
                    if command == b"DATA":
                        self.reply("354 go on")
                        mails.append(parse(self.message()))
                    self.reply("221 bye" if command == b"QUIT" else "250 ok")

            def message(self):
                lines = iter(self.rfile.readline, b".\r\n")
                return b"".join(line[1:] if line.startswith(b".") else line for line in lines)

            def reply(self, text):
                self.wfile.write(text.encode() + b"\r\n")

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_address[1]}"

    def wait_for(self, count, timeout=20):
        """The mails, as soon as there are `count` of them, which are to be all."""
        wait_until(lambda: len(self.mails) >= count, timeout, f"{count} mails", 0.1)
        assert len(self.mails) == count, [mail.subject for mail in self.mails]
        return self.mails

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def parse(message):
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    return Mail(parsed["Subject"], parsed.get_body(("plain",)).get_content().replace("\r\n", "\n"))


class Alertmanager(Server):
    """With the configuration of the examples, but quicker, and mails to `mailbox` of text only."""

    name = "prometheus-alertmanager"
    ready_path = "/-/ready"

    def __init__(self, directory, mailbox):
        super().__init__(directory)
        self.config = yaml.safe_load(EXAMPLE.read_text())
        self.config["global"]["smtp_smarthost"] = mailbox.address
        self.config["global"]["smtp_require_tls"] = False
        self.config["route"] |= {"group_wait": "1s", "group_interval": "1s"}
        (receiver,) = self.config["receivers"]
        receiver["email_configs"][0] |= {
            "html": "",
            "text": "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ .Annotations.description }}\n{{ end }}",
        }

    def command(self):
        (self.directory / "alertmanager.yml").write_text(yaml.safe_dump(self.config))
        return [
            *self.with_its_own_files(),
            self.name,
            f"--web.listen-address={self.address}",
            "--config.file=alertmanager.yml",
            "--storage.path=data",
            "--cluster.listen-address=",
        ]

    def with_its_own_files(self):
        """Debian's reads its templates from /usr/share/prometheus, where one of tests/servers has nothing."""
        share = pathlib.Path(shutil.which(self.name)).parents[1] / "share/prometheus"
        if not share.exists() or share == SHARE:
            return []
        return ["unshare", "--mount", "sh", "-euc", f'mount --bind "$0" {SHARE}; exec "$@"', str(share)]

    def amtool(self, *arguments):
        """What Alertmanager's own tool prints."""
        command = ["amtool", f"--alertmanager.url={self.url}", *arguments]
        done = subprocess.run(command, cwd=self.directory, capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
