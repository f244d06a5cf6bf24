"""Independent readers of what is sent: Protocol Buffers by Google's library, snappy blocks by hand."""

import gzip
import pathlib
import subprocess

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

DATA = pathlib.Path(__file__).parents[2] / "data"


class Messages:
    """The messages of a file in tests/data."""

    def __init__(self, definitions, directory):
        made = directory / f"{definitions}.descriptor"
        command = ["protoc", f"--proto_path={DATA}", f"--descriptor_set_out={made}", definitions]
        subprocess.run(command, check=True, timeout=60, stdin=subprocess.DEVNULL)
        self.pool = descriptor_pool.DescriptorPool()
        self.pool.Add(descriptor_pb2.FileDescriptorSet.FromString(made.read_bytes()).file[0])

    def of(self, name):
        return message_factory.MessageFactory(self.pool).GetPrototype(self.pool.FindMessageTypeByName(name))

    def read(self, name, body):
        """The message; a field that it does not have is an error."""
        message = self.of(name).FromString(body)
        size = len(message.SerializeToString())
        message.DiscardUnknownFields()
        assert len(message.SerializeToString()) == size, "there are unknown fields"
        return message

    def read_as_dict(self, name, body):
        return json_format.MessageToDict(self.read(name, body), use_integers_for_enums=True)

    def read_json(self, name, body):
        """The same of its JSON mapping."""
        message = json_format.Parse(body, self.of(name)())
        return json_format.MessageToDict(self.of(name).FromString(message.SerializeToString()), use_integers_for_enums=True)


def plain_body(head, body):
    """Without gzip."""
    return gzip.decompress(body) if "\r\ncontent-encoding: gzip" in head.lower() else body


def unsnappy(data):
    """A block (google/snappy, format_description.txt)."""

    def varint(at):
        value = shift = 0
        while True:
            value |= (data[at] & 0x7F) << shift
            shift += 7
            at += 1
            if data[at - 1] < 0x80:
                return value, at

    size, at = varint(0)
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        kind = tag & 3
        if kind == 0:
            length = tag >> 2
            if length >= 60:
                count = length - 59
                length = int.from_bytes(data[at : at + count], "little")
                at += count
            out += data[at : at + length + 1]
            at += length + 1
            continue
        if kind == 1:
            length, offset = 4 + (tag >> 2 & 7), (tag >> 5) << 8 | data[at]
            at += 1
        else:
            count = 2 if kind == 2 else 4
            length, offset = 1 + (tag >> 2), int.from_bytes(data[at : at + count], "little")
            at += count
        begin = len(out) - offset
        if offset >= length:
            out += out[begin : begin + length]
        else:
            for i in range(length):
                out.append(out[begin + i])
    assert len(out) == size
    return bytes(out)
