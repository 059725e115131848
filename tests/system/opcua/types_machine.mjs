// A machine whose values are of every type that is more than a number, on a stack that is not asyncua's.
//
//   node types_machine.mjs --pki-dir DIR
//
// Prints {"ready": true, "url": ...} when clients may come. All values can be written. The variable
// Command takes {"set": name, "value": ...}, which changes one as the machine itself would, and
// {"show": name}, after which it holds what the machine has of it as JSON.

import "./web-crypto.mjs";

import { mkdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { standardUnits } from "node-opcua-data-access";
import { AccessLevelFlag } from "node-opcua-data-model";
import { nodesets } from "node-opcua-nodesets";
import { MessageSecurityMode, SecurityPolicy } from "node-opcua-secure-channel";
import { OPCUAServer } from "node-opcua-server";
import { StatusCodes } from "node-opcua-status-code";
import { DataType, Variant, VariantArrayType } from "node-opcua-variant";

const NAMESPACE = "http://nordvik.example/UA/Types/";
const OFFSET = 3010;
const TOOL = 3020;
const READING = 3030;
const JOB = 3040;

/** Build the variables, all of which clients can write. */
function build(addressSpace) {
  const namespace = addressSpace.getNamespace(NAMESPACE);
  const index = namespace.index;
  const type = (number) => `ns=${index};i=${number}`;
  const make = (number, fields) =>
    addressSpace.constructExtensionObject(addressSpace.findNode(type(number)), fields);
  const offset = (X, Y) => make(OFFSET, { x: X, y: Y });
  const tool = ({ number, name, state, x = 0, y = 0, ...optional }) =>
    make(TOOL, { number, name, state, offset: offset(x, y), ...optional });
  const job = (tools) =>
    make(JOB, {
      id: "J-1",
      tools: tools.map(tool),
      feeds: [0.5, 1.5],
      started: new Date("2026-01-02T03:04:05.678Z"),
      key: Buffer.from([0, 255]),
      owner: machine.nodeId,
    });
  const machine = namespace.addObject({
    organizedBy: addressSpace.rootFolder.objects,
    browseName: "Machine",
    nodeId: "s=Machine",
  });
  const all = AccessLevelFlag.CurrentRead | AccessLevelFlag.CurrentWrite;
  const add = (browseName, dataType, value, options = {}) => {
    const node = namespace.addVariable({
      componentOf: machine,
      browseName,
      nodeId: `s=${browseName}`,
      dataType,
      accessLevel: all,
      userAccessLevel: all,
      ...options,
    });
    node.setValueFromSource(value);
    return node;
  };
  const structure = (value) => ({ dataType: DataType.ExtensionObject, value });
  const structures = (value) => ({ ...structure(value), arrayType: VariantArrayType.Array });
  const array = (dataType, value) => ({ dataType, arrayType: VariantArrayType.Array, value });

  const pressure = namespace.addAnalogDataItem({
    componentOf: machine,
    browseName: "Pressure",
    nodeId: "s=Pressure",
    dataType: "Double",
    engineeringUnits: standardUnits.degree_celsius,
    engineeringUnitsRange: { low: -20, high: 150 },
  });
  pressure.setValueFromSource({ dataType: DataType.Double, value: 1 });
  // Property nodes get ids of the server's own; a plant file needs ones that stay.
  add("EngineeringUnits", "EUInformation", pressure.engineeringUnits.readValue().value);

  const one = { number: 7, name: "Drill", state: 1, x: 1.5, y: -2.5 };
  const two = { number: 9, name: "Mill", state: 2, life: 12.5, remark: { locale: "de", text: "neu" } };
  const nodes = {
    EURange: add("EURange", "Range", pressure.euRange.readValue().value),
    Tool: add("Tool", type(TOOL), structure(tool(two))),
    Tools: add("Tools", type(TOOL), structures([tool(one), tool(two)]), { valueRank: 1 }),
    Reading: add("Reading", type(READING), structure(make(READING, { number: 4.25 }))),
    Job: add("Job", type(JOB), structure(job([one, two]))),
    Anything: add("Anything", "Structure", structure(offset(3, 4))),
    Feeds: add("Feeds", "Double", array(DataType.Double, [1, 2.5, 4]), {
      valueRank: 1,
      arrayDimensions: [8],
    }),
    Matrix: add(
      "Matrix",
      "Int32",
      {
        dataType: DataType.Int32,
        arrayType: VariantArrayType.Matrix,
        dimensions: [2, 3],
        value: new Int32Array([1, 2, 3, 4, 5, 6]),
      },
      { valueRank: 2, arrayDimensions: [0, 0] },
    ),
    State: add("State", type(3001), { dataType: DataType.Int32, value: 2 }),
    Options: add("Options", type(3050), { dataType: DataType.UInt16, value: 5 }),
    Image: add("Image", "ByteString", { dataType: DataType.ByteString, value: Buffer.from("GIF89a") }),
    Title: add("Title", "LocalizedText", {
      dataType: DataType.LocalizedText,
      value: { locale: "en", text: "Mill" },
    }),
    Owner: add("Owner", "NodeId", { dataType: DataType.NodeId, value: machine.nodeId }),
    Last: add("Last", "StatusCode", { dataType: DataType.StatusCode, value: StatusCodes.BadNodeIdUnknown }),
    Text: add("Text", "String", { dataType: DataType.String, value: "short" }),
  };

  const values = {
    Tool: (value) => structure(tool(value)),
    Tools: (value) => structures(value.map(tool)),
    Reading: (value) => structure(make(READING, value)),
    Job: (value) => structure(job(value)),
    Feeds: (value) => array(DataType.Double, value),
    Text: (text) => ({
      dataType: DataType.String,
      value: typeof text === "number" ? "x".repeat(text) : text,
    }),
    Anything: (value) => structure("number" in value ? tool(value) : offset(value.x, value.y)),
  };
  let answer = "";
  add("Command", "String", { dataType: DataType.String, value: answer }).bindVariable(
    {
      get: () => new Variant({ dataType: DataType.String, value: answer }),
      set: ({ value }) => {
        const { set, show, value: wanted } = JSON.parse(value);
        if (set !== undefined) nodes[set].setValueFromSource(values[set](wanted));
        if (show !== undefined) answer = JSON.stringify(nodes[show].readValue().value);
        return StatusCodes.Good;
      },
    },
    true,
  );
}

async function certificateManager(rootFolder) {
  mkdirSync(rootFolder, { recursive: true });
  const manager = new OPCUACertificateManager({ rootFolder, disableFileWatchers: true });
  await manager.initialize();
  return manager;
}

async function main() {
  const { values: options } = parseArgs({ options: { "pki-dir": { type: "string" } } });
  if (options["pki-dir"] === undefined) throw new Error("--pki-dir DIR is needed");
  const pki = path.resolve(options["pki-dir"]);
  const folder = path.dirname(fileURLToPath(import.meta.url));
  const server = new OPCUAServer({
    host: "127.0.0.1",
    hostname: "127.0.0.1",
    port: 0,
    serverCertificateManager: await certificateManager(path.join(pki, "application")),
    userCertificateManager: await certificateManager(path.join(pki, "users")),
    certificateFile: path.join(pki, "certificate.pem"),
    securityPolicies: [SecurityPolicy.None],
    securityModes: [MessageSecurityMode.None],
    nodeset_filename: [nodesets.standard, path.join(folder, "types.nodeset.xml")],
  });
  await server.initialize();
  build(server.engine.addressSpace);
  await server.start();
  const url = server.getEndpointUrl();
  process.stdout.write(`${JSON.stringify({ ready: true, url })}\n`);

  const stop = async () => {
    await server.shutdown(0);
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
