"""A program that breaks the protocol of the stdio shim in one way, named by its argument. It behaves until the first logon."""

import json
import os
import sys
import time

MODE = sys.argv[1]


def send(**message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def misbehave(identifier):
    if MODE == "no-json":
        print("this is no JSON\x1b[1m", flush=True)
    elif MODE == "unknown-method":
        send(id=1, method="IMAPISupport.NoSuchMethod", params={"in": identifier, "this": "@support#1"})
    elif MODE == "unknown-handle":
        send(id=1, method="IMAPISupport.SpoolerYield", params={"in": identifier, "this": "@support#99"})
    elif MODE == "wrong-argument":
        args = {"lpColumnVals": [{"tag": "0x3001001F", "value": 3}]}
        send(id=1, method="IMAPISupport.ModifyStatusRow", params={"in": identifier, "this": "@support#1", "args": args})
    elif MODE == "wrong-answer":
        send(id=identifier, result={"out": {}})
    elif MODE == "unasked":
        send(id=4711, result={"hr": "S_OK"})
    elif MODE == "half-line":
        sys.stdout.write('{"jsonrpc":"2.0","id"')
        sys.stdout.flush()
        os._exit(0)
    elif MODE == "flood":
        for number in range(100_000):
            send(id=number, method="IMAPISupport.SpoolerYield", params={"in": identifier, "this": "@support#1"})
    elif MODE == "long-line":
        for _ in range(100):
            sys.stdout.write("x" * (1 << 20))
        sys.stdout.flush()
    elif MODE == "exits":
        os._exit(3)
    elif MODE == "stays":
        send(id=identifier, result={"hr": "MAPI_E_LOGON_FAILED"})
        return
    elif MODE == "late":
        # Each takes the spooler longer to run than to read.
        values = [{"tag": f"0x{0x6700 + number:04X}0003", "value": number} for number in range(256)]
        params = {"this": "@support#1", "thread": "another", "args": {"lpColumnVals": values, "ulFlags": 0}}
        for number in range(200):
            send(id=number, method="IMAPISupport.ModifyStatusRow", params=params)
        send(id=identifier, result={"hr": "MAPI_E_LOGON_FAILED"})
        return
    time.sleep(60)


for line in sys.stdin:
    message = json.loads(line)
    method, identifier = message.get("method"), message.get("id")
    if method == "hello" and MODE == "greets":
        print("Welcome!", flush=True)
    elif method == "hello" and MODE == "refuses":
        os._exit(7)
    elif method == "hello":
        send(id=identifier, result={"protocol": 1, "name": "bad"})
    elif method == "XPProviderInit":
        provider = {"object": "provider", "interface": "IXPProvider"}
        send(id=identifier, result={"hr": "S_OK", "out": {"lpulProviderVer": 65552, "lppXPProvider": provider}})
    elif method == "IXPProvider.TransportLogon":
        misbehave(identifier)
    elif method == "IUnknown.Release":
        send(id=identifier, result={"value": 0})
    elif method == "exit":
        send(id=identifier, result={})
        if MODE == "stays":
            time.sleep(60)
        if MODE == "late":
            os._exit(0)
    elif method is not None and identifier is not None:
        send(id=identifier, result={"hr": "S_OK"})
