// Node.js 18 has Web Crypto but not as a global, where node-opcua looks for it. Import before node-opcua.

import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
