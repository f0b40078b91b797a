// SPDX-License-Identifier: Apache-2.0
//
// A small WebSocket client in the shape of the browser's, for Node before 22, which has none. Texts only.
import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';

export class NodeWebSocket {
    constructor(url, protocols = []) {
        this.onopen = this.onmessage = this.onclose = this.onerror = () => {};
        this.closed = false;
        this.received = Buffer.alloc(0);
        this.text = [];
        const key = randomBytes(16).toString('base64');
        const address = new URL(url);
        const asked = request({ host: address.hostname, port: address.port, path: address.pathname + address.search, headers: {
            Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key,
            ...(protocols.length > 0 ? { 'Sec-WebSocket-Protocol': protocols.join(', ') } : {}) } });
        asked.on('upgrade', (answer, socket, head) => {
            const expected = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
            this.socket = socket;
            socket.on('close', () => this.end(1006, ''));
            socket.on('error', () => this.end(1006, ''));
            if (this.closed || answer.headers['sec-websocket-accept'] !== expected) {
                socket.destroy();
                return;
            }
            socket.on('data', (data) => this.read(data));
            this.onopen();
            this.read(head);
        });
        asked.on('response', (answer) => {
            answer.resume();
            this.end(1006, `the server answered ${answer.statusCode}`);
        });
        asked.on('error', (error) => this.end(1006, error.message));
        asked.end();
    }

    end(code, reason) {
        if (this.closed)
            return;
        this.closed = true;
        this.socket?.destroy();
        this.onclose({ code, reason });
    }

    send(text) { this.frame(1, Buffer.from(text)); }

    close(code = 1000) {
        const payload = Buffer.alloc(2);
        payload.writeUInt16BE(code);
        this.frame(8, payload);
        this.closed = true;
        this.socket?.end();
    }

    frame(opcode, payload) {
        if (this.closed || !this.socket?.writable)
            return;
        const head = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65536 ? 4 : 10);
        head[0] = 0x80 | opcode;
        if (payload.length < 126) {
            head[1] = 0x80 | payload.length;
        } else if (payload.length < 65536) {
            head[1] = 0x80 | 126;
            head.writeUInt16BE(payload.length, 2);
        } else {
            head[1] = 0x80 | 127;
            head.writeBigUInt64BE(BigInt(payload.length), 2);
        }
        const mask = randomBytes(4);
        const masked = Buffer.from(payload);
        for (let i = 0; i < masked.length; ++i)
            masked[i] ^= mask[i & 3];
        this.socket.write(Buffer.concat([head, mask, masked]));
    }

    read(data) {
        this.received = Buffer.concat([this.received, data]);
        for (;;) {
            const bytes = this.received;
            if (bytes.length < 2 || this.closed)
                return;
            let length = bytes[1] & 0x7F, at = 2;
            if (length === 126) {
                if (bytes.length < 4)
                    return;
                length = bytes.readUInt16BE(2);
                at = 4;
            } else if (length === 127) {
                if (bytes.length < 10)
                    return;
                length = Number(bytes.readBigUInt64BE(2));
                at = 10;
            }
            if (bytes.length < at + length)
                return;
            const payload = bytes.subarray(at, at + length), opcode = bytes[0] & 0x0F, final = (bytes[0] & 0x80) !== 0;
            this.received = bytes.subarray(at + length);
            if (opcode === 8) {
                this.end(length >= 2 ? payload.readUInt16BE(0) : 1005, payload.subarray(2).toString());
            } else if (opcode === 9) {
                this.frame(10, payload);
            } else if (opcode === 0 || opcode === 1) {
                this.text.push(payload);
                if (final) {
                    const whole = Buffer.concat(this.text).toString();
                    this.text = [];
                    this.onmessage({ data: whole });
                }
            }
        }
    }
}
