// A machine with one value and every way to secure it, on an OPC UA stack that is not asyncua's.
//
//   node guarded-machine.mjs --pki-dir DIR --certificate FILE --private-key FILE
//     --user NAME --password-env NAME
//
// It offers all security policies, the outdated ones too, in all modes; anonymous, user and password,
// and users' certificates that lie in DIR/users/trusted/certs. Applications must have theirs in
// DIR/application/trusted/certs. Prints one line of JSON, {"ready": true, "url": ...}, when clients may come.

import "./web-crypto.mjs";

import { mkdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { nodesets } from "node-opcua-nodesets";
import { MessageSecurityMode, SecurityPolicy } from "node-opcua-secure-channel";
import { OPCUAServer } from "node-opcua-server";

const OPTIONS = {
  "pki-dir": { type: "string" },
  certificate: { type: "string" }, // PEM, with those that vouch for it
  "private-key": { type: "string" },
  user: { type: "string" },
  "password-env": { type: "string" },
};

async function certificateManager(rootFolder) {
  mkdirSync(rootFolder, { recursive: true });
  const manager = new OPCUACertificateManager({
    rootFolder,
    automaticallyAcceptUnknownCertificate: false,
    disableFileWatchers: true,
  });
  await manager.initialize();
  return manager;
}

async function main() {
  const { values: options } = parseArgs({ options: OPTIONS });
  const pki = path.resolve(options["pki-dir"]);
  const password = process.env[options["password-env"]];
  const server = new OPCUAServer({
    host: "127.0.0.1",
    hostname: "127.0.0.1",
    port: 0,
    resourcePath: "/guarded",
    serverInfo: {
      applicationUri: "urn:test:machine",
      productUri: "urn:test:guarded",
      applicationName: { text: "Guarded machine", locale: "en" },
    },
    certificateFile: options.certificate,
    privateKeyFile: options["private-key"],
    serverCertificateManager: await certificateManager(path.join(pki, "application")),
    userCertificateManager: await certificateManager(path.join(pki, "users")),
    securityPolicies: [
      SecurityPolicy.None,
      SecurityPolicy.Basic128Rsa15,
      SecurityPolicy.Basic256,
      SecurityPolicy.Basic256Sha256,
      SecurityPolicy.Aes128_Sha256_RsaOaep,
      SecurityPolicy.Aes256_Sha256_RsaPss,
    ],
    securityModes: [
      MessageSecurityMode.None,
      MessageSecurityMode.Sign,
      MessageSecurityMode.SignAndEncrypt,
    ],
    allowAnonymous: true,
    userManager: { isValidUser: (name, secret) => name === options.user && secret === password },
    nodeset_filename: [nodesets.standard],
    maxConnectionsPerEndpoint: 20,
  });
  await server.initialize();
  await server.start();
  process.stdout.write(`${JSON.stringify({ ready: true, url: server.getEndpointUrl() })}\n`);

  const stop = async () => {
    await server.shutdown(0);
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
