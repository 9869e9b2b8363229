"""Run as a script by test_launch.py: execute a notebook through a Jupyter server, then move a figure both ways.

    python binder_client.py ADDRESS KERNEL TOKEN NOTEBOOK

Prints, as JSON, what Python reads after the slider was moved to 2.5, and what is sent when Python sets -1.5.
"""

import json
import sys
import uuid

import nbformat
from websocket import create_connection

address, kernel, token, path = sys.argv[1:]
socket = create_connection(
    f"{address.replace('http', 'ws')}api/kernels/{kernel}/channels?token={token}", timeout=300
)


def send(kind, content, channel="shell"):
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": kind,
        "username": "",
        "session": "s",
        "version": "5.3",
    }
    message = {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": channel,
    }
    socket.send(json.dumps(message))
    return header["msg_id"]


def execute(code):
    asked = send(
        "execute_request",
        {
            "code": code,
            "silent": False,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        },
    )
    heard = []
    while True:
        message = json.loads(socket.recv())
        if message["parent_header"].get("msg_id") != asked:
            continue
        heard.append(message)
        assert message["msg_type"] != "error", message["content"]
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return heard


for cell in nbformat.read(path, as_version=4).cells:
    if cell.cell_type == "code":
        execute(cell.source)
opened = execute(
    "from gan_tutorial.figures import OptimalDiscriminator\nfigure = OptimalDiscriminator()\nfigure"
)
models = {
    m["content"]["comm_id"]: m["content"]["data"]["state"]
    for m in opened
    if m["msg_type"] == "comm_open"
}
figure = next(key for key, state in models.items() if "mean" in state)
send(
    "comm_msg",
    {"comm_id": figure, "data": {"method": "update", "state": {"mean": 2.5}, "buffer_paths": []}},
)
printed = [m["content"]["text"] for m in execute("print(figure.mean)") if m["msg_type"] == "stream"]
moved = [
    m["content"]["data"]["state"]
    for m in execute("figure.mean = -1.5")
    if m["msg_type"] == "comm_msg" and m["content"]["comm_id"] == figure
]
print(json.dumps({"read": "".join(printed).strip(), "sent": moved[-1]["mean"]}))
