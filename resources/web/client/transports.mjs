// SPDX-License-Identifier: Apache-2.0
//
// Connections to a server. A transport is a function: it gets {onOpen, onMessage, onAlive, onClose} and returns
// {send(messages), close()}. onAlive: any byte came. onClose comes once, with {code, reason}, unless close() was called.

/** A page's own server, or the given one, as an http URL without a path at its end. */
function baseUrl(url = globalThis.location?.origin) {
    const parsed = new URL(url);
    const protocol = { 'ws:': 'http:', 'wss:': 'https:' }[parsed.protocol] ?? parsed.protocol;
    return `${protocol}//${parsed.host}${parsed.pathname.replace(/\/$/, '')}`;
}

/** @param {{url?: string, WebSocket?: typeof globalThis.WebSocket}} [options] a class in the shape of the browser's */
export function webSocketTransport({ url, WebSocket = globalThis.WebSocket } = {}) {
    if (!WebSocket)
        throw new TypeError('there is no WebSocket here: pass a class, or use serverSentEventsTransport');
    const address = `${baseUrl(url).replace(/^http/, 'ws')}/sync`;
    return ({ onOpen, onMessage, onAlive, onClose }) => {
        let socket = new WebSocket(address, ['eventsync.v1.json']);
        const end = (code, reason) => {
            if (!socket)
                return;
            socket = undefined;
            onClose({ code, reason });
        };
        socket.onopen = () => socket && onOpen();
        socket.onmessage = ({ data }) => {
            if (!socket)
                return;
            onAlive();
            onMessage(data);
        };
        socket.onclose = ({ code, reason }) => end(code, reason);
        socket.onerror = () => {}; // a close follows, with all that is known
        return {
            send(messages) {
                for (const message of messages)
                    socket?.send(JSON.stringify(message));
            },
            close() {
                const closing = socket;
                socket = undefined;
                closing?.close(1000);
            },
        };
    };
}

const postBytes = 512 * 1024, postMessages = 1000;

/**
 * Server-sent events, read by fetch, with the client's messages sent by POST: for networks that let no WebSocket through.
 * @param {{url?: string, fetch?: typeof globalThis.fetch}} [options]
 */
export function serverSentEventsTransport({ url, fetch = globalThis.fetch } = {}) {
    const base = baseUrl(url);
    return ({ onOpen, onMessage, onAlive, onClose }) => {
        const abort = new AbortController();
        let connectionId, posting = false, ended = false;
        const outgoing = [];
        const end = (code, reason) => {
            if (ended)
                return;
            ended = true;
            abort.abort();
            onClose({ code, reason });
        };
        const post = async () => {
            if (posting)
                return;
            posting = true;
            while (outgoing.length > 0 && !ended) {
                const part = [];
                let bytes = 0;
                while (outgoing.length > 0 && part.length < postMessages && (part.length === 0 || bytes + outgoing[0].length < postBytes)) {
                    bytes += outgoing[0].length;
                    part.push(outgoing.shift());
                }
                try {
                    const answer = await fetch(`${base}/api/stream/${connectionId}`, {
                        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: part.length === 1 ? part[0] : `[${part.join(',')}]`,
                        signal: abort.signal, cache: 'no-store' });
                    await answer.arrayBuffer();
                    if (answer.status !== 202)
                        end(1011, `the server answered ${answer.status}`);
                } catch (error) {
                    end(1006, error.message);
                }
            }
            posting = false;
        };
        const onEvent = (type, data) => {
            if (type === 'open') {
                ({ connectionId } = JSON.parse(data));
                onOpen();
            } else if (type === 'close') {
                const { code, reason } = JSON.parse(data);
                end(code, reason);
            } else if (type !== undefined) {
                onMessage(data);
            }
        };
        const read = async () => {
            const answer = await fetch(`${base}/api/stream`, { headers: { Accept: 'text/event-stream' }, signal: abort.signal, cache: 'no-store' });
            if (answer.status !== 200) {
                end(answer.status === 403 ? 1008 : 1013, `the server answered ${answer.status}`);
                return;
            }
            const reader = answer.body.getReader();
            const decoder = new TextDecoder();
            const parse = eventParser(onEvent);
            for (;;) {
                const { done, value } = await reader.read();
                if (done || ended)
                    break;
                onAlive();
                parse(decoder.decode(value, { stream: true }));
            }
            end(1006, 'the stream ended');
        };
        read().catch((error) => end(1006, error.message));
        return {
            send(messages) {
                outgoing.push(...messages.map((message) => JSON.stringify(message)));
                void post();
            },
            close() {
                ended = true;
                abort.abort();
            },
        };
    };
}

/** Parses text/event-stream in pieces of any length. @param {(type: string|undefined, data: string) => void} onEvent */
export function eventParser(onEvent) {
    let rest = '', type, data = [];
    return (text) => {
        rest += text;
        for (;;) {
            const end = rest.search(/[\r\n]/);
            if (end < 0 || (rest[end] === '\r' && end + 1 === rest.length)) // its line feed may come yet
                return;
            const line = rest.slice(0, end);
            rest = rest.slice(end + (rest.startsWith('\r\n', end) ? 2 : 1));
            if (line === '') {
                if (data.length > 0)
                    onEvent(type, data.join('\n'));
                type = undefined;
                data = [];
                continue;
            }
            const colon = line.indexOf(':');
            const field = colon < 0 ? line : line.slice(0, colon);
            const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
            if (field === 'event')
                type = value;
            else if (field === 'data')
                data.push(value);
        }
    };
}
