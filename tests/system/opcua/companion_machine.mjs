// A machine tool as its companion specifications have it: MachineTool, Machinery and DI from their own
// NodeSets, with one unit of the vendor's own besides, on an OPC UA stack that is not asyncua's.
//
//   node companion_machine.mjs --port 0 --pki-dir DIR [--max-per-call 50]
//
// Prints {"ready": true, "url": ...} when clients may come. Every line of JSON on stdin is a wish:
// {"set": "Pressure", "value": 7.5}, {"add": "Flow"}, {"remove": "Flow"}, {"range": "Pressure", "high": 20},
// {"neighbour": true} for a second machine, false to take it away; each is answered with {"done": true}.

import "./web-crypto.mjs";

import { mkdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { standardUnits } from "node-opcua-data-access";
import { AccessLevelFlag } from "node-opcua-data-model";
import { nodesets } from "node-opcua-nodesets";
import { MessageSecurityMode, SecurityPolicy } from "node-opcua-secure-channel";
import { OPCUAServer } from "node-opcua-server";
import { DataType, VariantArrayType } from "node-opcua-variant";

const VENDOR = "http://falkenberg.example/UA/";
const DI = "http://opcfoundation.org/UA/DI/";
const MACHINERY = "http://opcfoundation.org/UA/Machinery/";
const MACHINE_TOOL = "http://opcfoundation.org/UA/MachineTool/";
const READ_ONLY = AccessLevelFlag.CurrentRead;
const READ_WRITE = AccessLevelFlag.CurrentRead | AccessLevelFlag.CurrentWrite;

/** Build the machine below the Machines folder; return what wishes act on. */
function buildMachine(addressSpace) {
  const own = addressSpace.registerNamespace(VENDOR);
  const di = addressSpace.getNamespaceIndex(DI);
  const machinery = addressSpace.getNamespaceIndex(MACHINERY);
  const tool = addressSpace.getNamespaceIndex(MACHINE_TOOL);
  const machines = addressSpace.findNode(`ns=${machinery};i=1001`);
  const machineToolType = addressSpace.findObjectType("MachineToolType", tool);
  // The vendor's own kind of machine tool: what is derived from it is to be recognised as well.
  const ownType = own.addObjectType({ browseName: "FM500Type", subtypeOf: machineToolType });
  const machine = ownType.instantiate({
    browseName: "FM500",
    displayName: { text: "Fräsmaschine FM500", locale: "de" },
    organizedBy: machines,
    nodeId: "s=FM500",
    namespace: own,
    optionals: [
      "Monitoring.MachineTool.OperationMode",
      "Monitoring.MachineTool.FeedOverride",
      "Monitoring.MachineTool.PowerOnDuration",
      "Production.ActiveProgram.JobIdentifier",
      "MachineryBuildingBlocks",
      "MachineryBuildingBlocks.MachineryItemState",
      "MachineryBuildingBlocks.OperationCounters",
      "MachineryBuildingBlocks.OperationCounters.PowerOnDuration",
      "MachineryBuildingBlocks.OperationCounters.OperationDuration",
      "MachineryBuildingBlocks.OperationCounters.OperationCycleCounter",
    ],
  });
  const at = (...names) =>
    names.reduce((node, [index, name]) => {
      const found = node.getChildByName(name, index) ?? node.getFolderElementByName?.(name, index);
      if (!found) throw new Error(`${node.browseName} has no ${index}:${name}`);
      return found;
    }, machine);
  const set = (node, dataType, value) => node.setValueFromSource({ dataType, value });

  const text = (value) => ({ text: value, locale: "en" });
  set(at([di, "Identification"], [di, "Manufacturer"]), DataType.LocalizedText, text("Falkenberg"));
  set(at([di, "Identification"], [di, "SerialNumber"]), DataType.String, "FM500-0042");
  const monitoring = [[tool, "Monitoring"], [tool, "MachineTool"]];
  set(at(...monitoring, [tool, "OperationMode"]), DataType.Int32, 1);
  set(at(...monitoring, [tool, "FeedOverride"]), DataType.Double, 95);
  set(at(...monitoring, [tool, "PowerOnDuration"]), DataType.UInt32, 4711);
  const program = [[tool, "Production"], [tool, "ActiveProgram"]];
  set(at(...program, [tool, "Name"]), DataType.String, "O4711 Flange");
  set(at(...program, [tool, "JobIdentifier"]), DataType.String, "JOB-7");
  set(at(...program, [tool, "State"], [0, "CurrentState"]), DataType.LocalizedText, text("Running"));
  set(at(...program, [0, "NumberInList"]), DataType.UInt16, 0);
  const blocks = [[machinery, "MachineryBuildingBlocks"]];
  const state = at(...blocks, [machinery, "MachineryItemState"], [0, "CurrentState"]);
  set(state, DataType.LocalizedText, text("Executing"));
  const counters = [...blocks, [di, "OperationCounters"]];
  set(at(...counters, [di, "PowerOnDuration"]), DataType.Double, 7_200_000);
  set(at(...counters, [di, "OperationDuration"]), DataType.Double, 3_600_000);
  set(at(...counters, [di, "OperationCycleCounter"]), DataType.UInt32, 12345);

  addTool(own, addressSpace, machine, tool);
  const health = own.addVariable({
    componentOf: machine,
    browseName: { name: "DeviceHealth", namespaceIndex: di },
    nodeId: "s=FM500.DeviceHealth",
    dataType: addressSpace.findDataType("DeviceHealthEnumeration", di),
    accessLevel: READ_ONLY,
    userAccessLevel: READ_ONLY,
  });
  set(health, DataType.Int32, 4);
  return { own, machines, unit: addCoolant(own, machine) };
}

/** A tool whose life is told as the specification says: remaining parts, from StartValue down to 0. */
function addTool(own, addressSpace, machine, tool) {
  const life = addressSpace.findVariableType("ToolLifeType", tool).instantiate({
    browseName: { name: "ToolLife", namespaceIndex: tool },
    componentOf: machine,
    nodeId: "s=FM500.ToolLife",
    namespace: own,
    dataType: "UInt32",
    optionals: ["StartValue", "LimitValue"],
  });
  const set = (node, dataType, value) => node.setValueFromSource({ dataType, value });
  set(life, DataType.UInt32, 150);
  set(life.getChildByName("StartValue", tool), DataType.UInt32, 200);
  set(life.getChildByName("LimitValue", tool), DataType.UInt32, 0);
  set(life.getChildByName("Indication", tool), DataType.Int32, 1);
  set(life.getChildByName("IsCountingUp", tool), DataType.Boolean, false);
}

/** What no specification knows: a coolant unit with analog values, an array, an enumeration, a method. */
function addCoolant(own, machine) {
  const unit = own.addObject({
    componentOf: machine,
    browseName: "Kühlmittel #1",
    displayName: { text: "Kühlmittelanlage", locale: "de" },
    nodeId: "s=FM500.Kühlmittel #1&2",
  });
  const access = { accessLevel: READ_ONLY, userAccessLevel: READ_ONLY };
  const nodes = new Map();
  const analog = (browseName, dataType, units, high, value, more = {}) => {
    const node = own.addAnalogDataItem({
      componentOf: unit,
      browseName,
      nodeId: `s=FM500.Kühlmittel #1&2.${browseName}`,
      dataType,
      engineeringUnits: units,
      engineeringUnitsRange: { low: 0, high },
      ...access,
      ...more,
    });
    node.setValueFromSource({ dataType: DataType[dataType], value });
    nodes.set(browseName, node);
  };
  const writable = { accessLevel: READ_WRITE, userAccessLevel: READ_WRITE };
  analog("Pressure", "Double", standardUnits.bar, 10, 6.25);
  analog("Setpoint", "Float", standardUnits.degree_celsius, 80, 21.5, writable);
  const plain = (browseName, dataType, value, more = {}) => {
    const node = own.addVariable({
      componentOf: unit,
      browseName,
      nodeId: `s=FM500.Kühlmittel #1&2.${browseName}`,
      dataType,
      ...access,
      ...more,
    });
    node.setValueFromSource({ dataType: DataType[dataType], value, arrayType: more.arrayType });
  };
  plain("Temperatures", "Double", new Float64Array([20, 21, 22]), {
    valueRank: 1,
    arrayDimensions: [3],
    arrayType: VariantArrayType.Array,
  });
  plain("Running", "Boolean", true);
  own.addMultiStateDiscrete({
    componentOf: unit,
    browseName: "Level",
    nodeId: "s=FM500.Kühlmittel #1&2.Level",
    enumStrings: ["Low", "Normal", "High"],
    value: 1,
    ...access,
  });
  const argument = (name, dataType) => ({ name, dataType, valueRank: -1, description: { text: name } });
  own
    .addMethod(unit, {
      browseName: "Flush",
      nodeId: "s=FM500.Kühlmittel #1&2.Flush",
      inputArguments: [argument("Seconds", DataType.UInt16)],
      outputArguments: [argument("Litres", DataType.Double)],
    })
    .bindMethod((inputs, _context, callback) => {
      const outputArguments = [{ dataType: DataType.Double, value: inputs[0].value * 0.5 }];
      callback(null, { outputArguments });
    });
  return { analog, nodes };
}

function obey(wish, { own, machines, unit }) {
  const { nodes } = unit;
  if (wish.neighbour === true) {
    const neighbour = { organizedBy: machines, browseName: "FM600", nodeId: "s=FM600" };
    nodes.set("FM600", own.addObject(neighbour));
  }
  if (wish.neighbour === false) own.addressSpace.deleteNode(nodes.get("FM600"));
  if (wish.add !== undefined) unit.analog(wish.add, "Double", standardUnits.metre_per_second, 5, 1.5);
  if (wish.remove !== undefined) own.addressSpace.deleteNode(nodes.get(wish.remove));
  if (wish.set !== undefined) {
    nodes.get(wish.set).setValueFromSource({ dataType: DataType.Double, value: wish.value });
  }
  if (wish.range !== undefined) {
    const range = nodes.get(wish.range).getChildByName("EURange", 0);
    const value = range.readValue().value.value;
    value.high = wish.high;
    range.setValueFromSource({ dataType: DataType.ExtensionObject, value });
  }
}

async function certificateManager(rootFolder) {
  mkdirSync(rootFolder, { recursive: true });
  const manager = new OPCUACertificateManager({
    rootFolder,
    automaticallyAcceptUnknownCertificate: true,
    disableFileWatchers: true,
  });
  await manager.initialize();
  return manager;
}

function limits(perCall) {
  const names = [
    "maxNodesPerRead",
    "maxNodesPerWrite",
    "maxNodesPerBrowse",
    "maxNodesPerTranslateBrowsePathsToNodeIds",
    "maxMonitoredItemsPerCall",
  ];
  return { operationLimits: Object.fromEntries(names.map((name) => [name, perCall])) };
}

async function main() {
  const { values: options } = parseArgs({
    options: {
      port: { type: "string", default: "0" },
      "pki-dir": { type: "string" },
      "max-per-call": { type: "string", default: "50" },
    },
  });
  const pki = path.resolve(options["pki-dir"]);
  const server = new OPCUAServer({
    host: "127.0.0.1",
    hostname: "127.0.0.1",
    port: Number(options.port),
    resourcePath: "/fm500",
    serverInfo: {
      applicationUri: "urn:falkenberg.example:fm500",
      applicationName: { text: "FM500", locale: "en" },
    },
    buildInfo: { productName: "FM500 control", manufacturerName: "Falkenberg" },
    serverCertificateManager: await certificateManager(path.join(pki, "application")),
    userCertificateManager: await certificateManager(path.join(pki, "users")),
    securityPolicies: [SecurityPolicy.None],
    securityModes: [MessageSecurityMode.None],
    allowAnonymous: true,
    nodeset_filename: [
      nodesets.standard,
      nodesets.di,
      nodesets.ia,
      nodesets.machinery,
      nodesets.isa95JobControl,
      nodesets.machineryJobs,
      nodesets.machineTool,
    ],
    maxConnectionsPerEndpoint: 20,
    serverCapabilities: limits(Number(options["max-per-call"])),
  });
  await server.initialize();
  const machine = buildMachine(server.engine.addressSpace);
  await server.start();
  const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
  say({ ready: true, url: server.getEndpointUrl() });
  createInterface({ input: process.stdin }).on("line", (line) => {
    try {
      obey(JSON.parse(line), machine);
      say({ done: true });
    } catch (error) {
      say({ done: false, error: error.message });
    }
  });
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
