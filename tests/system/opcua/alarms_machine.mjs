// A tank with alarms and a memory, on an OPC UA stack that is not asyncua's.
//
//   node alarms_machine.mjs --pki-dir DIR [--port 4840] [--level 50]
//
// Prints one line of JSON, {"ready": true, "url": ...}, when clients may come. Tank.Level and
// Tank.Pressure are written by whoever wants an alarm; Tank.Ticks counts by itself and is remembered.

import "./web-crypto.mjs";

import { mkdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { AccessLevelFlag } from "node-opcua-data-model";
import { nodesets } from "node-opcua-nodesets";
import { MessageSecurityMode, SecurityPolicy } from "node-opcua-secure-channel";
import { OPCUAServer } from "node-opcua-server";
import { StatusCodes } from "node-opcua-status-code";
import { DataType } from "node-opcua-variant";

const NAMESPACE = "http://nordvik.example/UA/Tank/";
const READ_WRITE = AccessLevelFlag.CurrentRead | AccessLevelFlag.CurrentWrite;
const OPTIONS = {
  port: { type: "string", default: "0" },
  "pki-dir": { type: "string" },
  level: { type: "string", default: "50" },
};

/** Build the tank, its two alarms and its counter, and return the function that counts. */
function buildTank(addressSpace, level) {
  const namespace = addressSpace.getNamespace(NAMESPACE);
  const tank = namespace.addObject({
    organizedBy: addressSpace.rootFolder.objects,
    browseName: "Tank",
    nodeId: "s=Tank",
    eventSourceOf: addressSpace.rootFolder.objects.server,
    eventNotifier: 1,
  });
  const variable = (browseName, value) => {
    const made = namespace.addVariable({
      componentOf: tank,
      browseName,
      nodeId: `s=Tank.${browseName}`,
      dataType: "Double",
      accessLevel: READ_WRITE,
      userAccessLevel: READ_WRITE,
      eventSourceOf: tank,
    });
    made.setValueFromSource({ dataType: DataType.Double, value });
    return made;
  };
  addAlarm(namespace, tank, variable("Level", level), "LevelAlarm", { optionals: ["ConfirmedState", "Confirm"] });
  addAlarm(namespace, tank, variable("Pressure", 50), "PressureAlarm", {});

  const ticks = namespace.addVariable({
    componentOf: tank,
    browseName: "Ticks",
    nodeId: "s=Tank.Ticks",
    dataType: "UInt32",
    minimumSamplingInterval: 10,
  });
  ticks.setValueFromSource({ dataType: DataType.UInt32, value: 0 });
  addressSpace.installHistoricalDataNode(ticks, { maxOnlineValues: 5000 });
  let count = 0;
  return () => {
    count += 1;
    ticks.setValueFromSource({ dataType: DataType.UInt32, value: count });
  };
}

/** An alarm at 10, 20, 80 and 90: the more severe the farther out, over once it is back and seen. */
function addAlarm(namespace, tank, inputNode, browseName, options) {
  const alarm = namespace.instantiateExclusiveLimitAlarm("ExclusiveLimitAlarmType", {
    browseName,
    nodeId: `s=Tank.${browseName}`,
    conditionSource: inputNode,
    conditionOf: inputNode,
    conditionName: browseName,
    inputNode,
    lowLowLimit: 10,
    lowLimit: 20,
    highLimit: 80,
    highHighLimit: 90,
    ...options,
  });
  alarm.calculateConditionInfo = (state, isActive, value) => ({
    message: isActive ? `${browseName} ${state} at ${value}` : `${browseName} back at ${value}`,
    quality: StatusCodes.Good,
    retain: isActive,
    severity: state === "HighHigh" || state === "LowLow" ? 900 : 400,
    isDifferentFrom: () => true,
  });
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

async function startServer(options) {
  const pki = path.resolve(options["pki-dir"]);
  const server = new OPCUAServer({
    host: "127.0.0.1",
    hostname: "127.0.0.1",
    port: Number(options.port),
    resourcePath: "/tank",
    serverInfo: { applicationUri: "urn:nordvik.example:tank", productUri: "urn:nordvik.example:tank" },
    serverCertificateManager: await certificateManager(path.join(pki, "application")),
    userCertificateManager: await certificateManager(path.join(pki, "users")),
    certificateFile: path.join(pki, "certificate.pem"),
    securityPolicies: [SecurityPolicy.None],
    securityModes: [MessageSecurityMode.None],
    allowAnonymous: true,
    nodeset_filename: [nodesets.standard],
  });
  await server.initialize();
  return server;
}

async function main() {
  const { values: options } = parseArgs({ options: OPTIONS });
  if (options["pki-dir"] === undefined) throw new Error("--pki-dir DIR is needed");
  const server = await startServer(options);
  const addressSpace = server.engine.addressSpace;
  addressSpace.registerNamespace(NAMESPACE);
  addressSpace.installAlarmsAndConditionsService();
  const timer = setInterval(buildTank(addressSpace, Number(options.level)), 50);

  await server.start();
  process.stdout.write(`${JSON.stringify({ ready: true, url: server.getEndpointUrl() })}\n`);
  const stop = async () => {
    clearInterval(timer);
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
