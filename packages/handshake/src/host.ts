/*
 * The host of a URL (RFC 3986, section 3.2.2), in parts of expressions that do not mind the case.
 */

/** An IPv6 address, as far as its characters and two colons tell. */
const IPV6 = String.raw`(?=[\da-f.]*:[\da-f.]*:)[\da-f:.]+`;

/** A host as browsers serialise it, as a group: nothing in it is escaped. */
export const HOST: string = String.raw`([\w.~-]+|\[${IPV6}\])`;

/**
 * uri-host [":" port] (RFC 9112, section 3.2). Whatever else stands there would make a path or a user of it; a zone
 * (`%eth0`) does not, and `node:http` sends it.
 */
export const AUTHORITY: string = String.raw`(?:\[${IPV6}(?:%[\w.~%-]+)?\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})+)(?::\d*)?`;
