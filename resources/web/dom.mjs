// SPDX-License-Identifier: Apache-2.0
//
// A description of elements, and what makes the page agree with it. Elements stay where they are, so that the focus and
// what a user is typing stay as well. Texts become text nodes: nothing that a document holds is read as HTML.

/**
 * @param {string} tag @param {object} [attributes] `key` identifies an element among its siblings; `on` holds listeners;
 *   `value`, `checked`, `disabled` and `open` are set as properties; false and undefined leave an attribute out
 */
export function h(tag, attributes = {}, ...children) {
    return { tag, attributes, children: children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false) };
}

const properties = new Set(['value', 'checked', 'disabled', 'open', 'selected']);

function sync(element, { attributes }) {
    const before = element.described ?? {};
    for (const name of Object.keys(before)) {
        if (!(name in attributes) && name !== 'key' && name !== 'on')
            setAttribute(element, name, undefined);
    }
    for (const [name, value] of Object.entries(attributes)) {
        if (name === 'key' || name === 'on')
            continue;
        if (properties.has(name) ? element[name] !== value : before[name] !== value)
            setAttribute(element, name, value);
    }
    for (const [type, listener] of Object.entries(before.on ?? {})) {
        if (attributes.on?.[type] !== listener)
            element.removeEventListener(type, listener);
    }
    for (const [type, listener] of Object.entries(attributes.on ?? {})) {
        if (before.on?.[type] !== listener)
            element.addEventListener(type, listener);
    }
    element.described = attributes;
}

function setAttribute(element, name, value) {
    if (properties.has(name))
        element[name] = value ?? (typeof element[name] === 'boolean' ? false : '');
    else if (value === undefined || value === false || value === null)
        element.removeAttribute(name);
    else
        element.setAttribute(name, value === true ? '' : String(value));
}

/** Makes the children of `parent` those described. */
export function render(parent, children) {
    const keyed = new Map();
    const others = [];
    for (const node of [...parent.childNodes]) {
        const key = node.described?.key;
        if (key === undefined)
            others.push(node);
        else
            keyed.set(key, node);
    }
    const nodes = children.map((child) => {
        let node;
        if (typeof child !== 'object') {
            const text = String(child);
            const at = others.findIndex((one) => one.nodeType === Node.TEXT_NODE);
            node = at < 0 ? document.createTextNode(text) : others.splice(at, 1)[0];
            if (node.nodeValue !== text)
                node.nodeValue = text;
        } else {
            const { key } = child.attributes;
            const matches = (one) => one.nodeType === Node.ELEMENT_NODE && one.localName === child.tag;
            if (key !== undefined) {
                node = keyed.get(key);
                keyed.delete(key);
                if (node && !matches(node)) {
                    node.remove();
                    node = undefined;
                }
            } else {
                const at = others.findIndex(matches);
                node = at < 0 ? undefined : others.splice(at, 1)[0];
            }
            node ??= document.createElement(child.tag);
            if (child.tag === 'select' || child.tag === 'details') { // a select's value needs its options
                render(node, child.children);
                sync(node, child);
            } else {
                sync(node, child);
                render(node, child.children);
            }
        }
        return node;
    });
    for (const node of [...others, ...keyed.values()]) // first: a node that is moved loses the focus
        node.remove();
    let place = parent.firstChild;
    for (const node of nodes) {
        if (node === place)
            place = place.nextSibling;
        else
            parent.insertBefore(node, place);
    }
}
