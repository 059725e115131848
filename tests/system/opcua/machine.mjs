// A compressor station of a vendor the server has never met, on an OPC UA stack that is not asyncua's.
//
//   node machine.mjs --port 4840 --pki-dir DIR [--user NAME --password-env NAME] [--security none]
//
// Prints one line of JSON, {"ready": true, "url": ..., "certificate": ...}, when clients may come,
// and {"session": true} whenever one makes a session.
// Everything it shows stays in a range of its own, so that a mixed-up node is seen at the client.

import "./web-crypto.mjs";

import { mkdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { standardUnits } from "node-opcua-data-access";
import { AccessLevelFlag } from "node-opcua-data-model";
import { nodesets } from "node-opcua-nodesets";
import { MessageSecurityMode, SecurityPolicy } from "node-opcua-secure-channel";
import { OPCUAServer } from "node-opcua-server";
import { StatusCodes } from "node-opcua-status-code";
import { DataType, Variant, VariantArrayType } from "node-opcua-variant";

const STATION_NAMESPACE = "http://nordvik.example/UA/CompressorStation/";
const LOAD_NAMESPACE = "http://nordvik.example/UA/Load/";
const FOREIGN_NAMESPACES = [
  "http://nordvik.example/UA/Dryer/",
  "http://nordvik.example/UA/Receiver/",
  "http://nordvik.example/UA/Valves/",
];
const MODES = ["Off", "Standby", "Loading", "Unloading", "Tripped"];
const READ_ONLY = AccessLevelFlag.CurrentRead;
const READ_WRITE = AccessLevelFlag.CurrentRead | AccessLevelFlag.CurrentWrite;

const OPTIONS = {
  port: { type: "string", default: "0" },
  "pki-dir": { type: "string" },
  security: { type: "string", default: "encrypted" }, // encrypted | none | both
  user: { type: "string" }, // without it anyone may come
  "password-env": { type: "string" }, // name of the variable that holds the password
  interval: { type: "string", default: "200" }, // ms between changes
  "item-count": { type: "string", default: "0" }, // doubles that change with every interval
  "max-items-per-call": { type: "string", default: "0" }, // 0: no limit
  "max-items-per-subscription": { type: "string", default: "0" },
  "max-subscriptions": { type: "string", default: "0" }, // of one session
  "shuffle-namespaces": { type: "boolean", default: false },
};

// ---- the model -----------------------------------------------------------------------------------

/** Build the station's nodes and return the function that moves its values on by one step. */
function buildStation(addressSpace) {
  const namespace = addressSpace.getNamespace(STATION_NAMESPACE);
  const organizedBy = addressSpace.rootFolder.objects;
  const station = namespace.addObject({ organizedBy, browseName: "Station", nodeId: "s=Station" });
  const compressor = namespace.addObject({
    componentOf: station,
    browseName: "Compressor",
    nodeId: "s=Station.Compressor",
  });

  const add = (browseName, nodeId, dataType, options = {}) =>
    namespace.addVariable({
      componentOf: compressor,
      browseName,
      nodeId,
      dataType,
      accessLevel: READ_ONLY,
      userAccessLevel: READ_ONLY,
      ...options,
    });

  const speed = add("MotorSpeed", "s=Station.Compressor.MotorSpeed", "Double");
  const temperature = namespace.addAnalogDataItem({
    componentOf: compressor,
    browseName: "DischargeTemperature",
    nodeId: "s=Station.Compressor.DischargeTemperature",
    dataType: "Double",
    engineeringUnits: standardUnits.degree_fahrenheit,
    engineeringUnitsRange: { low: 32, high: 482 },
    accessLevel: READ_ONLY,
    userAccessLevel: READ_ONLY,
  });
  const starts = add("StartCount", "i=5001", "UInt32");
  const stages = add("StageTemperatures", "i=5002", "Double", {
    valueRank: 1,
    arrayDimensions: [4],
  });
  const mode = namespace.addMultiStateDiscrete({
    componentOf: compressor,
    browseName: "Mode",
    nodeId: "i=5003",
    enumStrings: MODES,
    value: 2,
  });
  const program = add("Program", "s=Station.Compressor.Program", "String");
  // A text where every other vendor has a number: a binding to a double must fail, and only that one.
  const oil = add("OilLevel", "s=Station.Compressor.OilLevel", "String");
  const rated = add("RatedPower", "i=5004", "Double");
  const vibration = add("Vibration", "i=5005", "Float");
  addSetpoint(namespace, compressor);
  addPrograms(namespace, compressor);

  program.setValueFromSource({ dataType: DataType.String, value: "ISO1217" });
  oil.setValueFromSource({ dataType: DataType.String, value: "OIL OK" });
  rated.setValueFromSource({ dataType: DataType.Double, value: 75 });
  const sensor = addSensorFaults(namespace, compressor);

  return (step) => {
    const wave = Math.sin(step / 7);
    speed.setValueFromSource({ dataType: DataType.Double, value: 1470 + 30 * wave });
    temperature.setValueFromSource({ dataType: DataType.Double, value: 194 + 9 * wave });
    starts.setValueFromSource({ dataType: DataType.UInt32, value: 1000 + step });
    stages.setValueFromSource({
      dataType: DataType.Double,
      arrayType: VariantArrayType.Array,
      value: new Float64Array([0, 1, 2, 3].map((stage) => 20 + 10 * stage + wave)),
    });
    mode.setValueFromSource({ dataType: DataType.UInt32, value: 1 + (Math.floor(step / 10) % 3) });
    vibration.setValueFromSource(
      { dataType: DataType.Float, value: 2.5 + 0.4 * wave },
      sensor.failed ? StatusCodes.BadSensorFailure : StatusCodes.Good,
    );
  };
}

/** The one value clients may set: 4 to 12 bar, anything else is refused by the machine. */
function addSetpoint(namespace, compressor) {
  let value = 7.5;
  namespace.addVariable({
    componentOf: compressor,
    browseName: "PressureSetpoint",
    nodeId: "i=5010",
    dataType: "Double",
    accessLevel: READ_WRITE,
    userAccessLevel: READ_WRITE,
    minimumSamplingInterval: 50,
    value: {
      get: () => new Variant({ dataType: DataType.Double, value }),
      set: (variant) => {
        if (!(variant.value >= 4 && variant.value <= 12)) {
          return StatusCodes.BadOutOfRange;
        }
        value = variant.value;
        return StatusCodes.Good;
      },
    },
  });
}

/** Two methods with arguments: one that answers at once, one that takes its time. */
function addPrograms(namespace, compressor) {
  const argument = (name, dataType, valueRank = -1) => ({ name, dataType, valueRank, description: { text: name } });
  let runs = 0;
  namespace
    .addMethod(compressor, {
      browseName: "RunProgram",
      nodeId: "s=Station.Compressor.RunProgram",
      inputArguments: [
        argument("Program", DataType.String),
        argument("Pressures", DataType.Double, 1),
        argument("Repeat", DataType.UInt16),
      ],
      outputArguments: [argument("Run", DataType.UInt32), argument("Highest", DataType.Double)],
    })
    .bindMethod((inputs, _context, callback) => {
      const [program, pressures, repeat] = inputs.map((input) => input.value);
      if (program === "locked") {
        callback(null, { statusCode: StatusCodes.BadUserAccessDenied });
      } else if (repeat > 10) {
        const inputArgumentResults = [StatusCodes.Good, StatusCodes.Good, StatusCodes.BadOutOfRange];
        callback(null, { statusCode: StatusCodes.BadInvalidArgument, inputArgumentResults });
      } else {
        runs += 1;
        const outputArguments = [
          { dataType: DataType.UInt32, value: runs },
          { dataType: DataType.Double, value: Math.max(...pressures) * repeat },
        ];
        callback(null, { statusCode: StatusCodes.Good, outputArguments });
      }
    });
  namespace
    .addMethod(compressor, {
      browseName: "Purge",
      nodeId: "s=Station.Compressor.Purge",
      inputArguments: [argument("Seconds", DataType.Double)],
      outputArguments: [],
    })
    .bindMethod((inputs, _context, callback) => {
      const done = () => callback(null, { statusCode: StatusCodes.Good, outputArguments: [] });
      setTimeout(done, inputs[0].value * 1000).unref();
    });
}

/** Two methods that break and mend the vibration sensor. */
function addSensorFaults(namespace, compressor) {
  const sensor = { failed: false };
  const method = (browseName, nodeId, failed) =>
    namespace
      .addMethod(compressor, { browseName, nodeId, inputArguments: [], outputArguments: [] })
      .bindMethod((_inputs, _context, callback) => {
        sensor.failed = failed;
        callback(null, { statusCode: StatusCodes.Good, outputArguments: [] });
      });
  method("FailSensor", "s=Station.Compressor.FailSensor", true);
  method("RepairSensor", "s=Station.Compressor.RepairSensor", false);
  return sensor;
}

/** Build `count` changing doubles and return the function that moves them on by one step. */
function buildLoad(addressSpace, count) {
  const namespace = addressSpace.getNamespace(LOAD_NAMESPACE);
  const folder = namespace.addFolder(addressSpace.rootFolder.objects, {
    browseName: "Load",
    nodeId: "s=Load",
  });
  const items = Array.from({ length: count }, (_, index) =>
    namespace.addVariable({
      organizedBy: folder,
      browseName: `Item${index}`,
      nodeId: `i=${index + 1}`,
      dataType: "Double",
    }),
  );
  return (step) => {
    items.forEach((item, index) =>
      item.setValueFromSource({ dataType: DataType.Double, value: index + step / 1000 }),
    );
  };
}

// ---- the server ----------------------------------------------------------------------------------

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

function endpointSecurity(choice) {
  const encrypted = {
    policies: [SecurityPolicy.Basic256Sha256],
    modes: [MessageSecurityMode.SignAndEncrypt],
  };
  const none = { policies: [SecurityPolicy.None], modes: [MessageSecurityMode.None] };
  if (choice === "encrypted") return encrypted;
  if (choice === "none") return none;
  if (choice === "both") {
    return {
      policies: [...none.policies, ...encrypted.policies],
      modes: [...none.modes, ...encrypted.modes],
    };
  }
  throw new Error(`--security ${choice}: encrypted, none or both`);
}

function userManager(user, passwordVariable) {
  const password = passwordVariable === undefined ? undefined : process.env[passwordVariable];
  if (user !== undefined && !password) {
    throw new Error("--user needs --password-env NAME with a password in that variable");
  }
  return { isValidUser: (name, secret) => name === user && secret === password };
}

async function startServer(options) {
  const pki = path.resolve(options["pki-dir"]);
  const security = endpointSecurity(options.security);
  const serverCertificateManager = await certificateManager(path.join(pki, "application"));
  const certificateFile = path.join(pki, "certificate.pem");
  const server = new OPCUAServer({
    host: "127.0.0.1",
    hostname: "127.0.0.1",
    port: Number(options.port),
    resourcePath: "/nordvik",
    serverInfo: {
      applicationUri: "urn:nordvik.example:compressor-station",
      productUri: "urn:nordvik.example:station",
      applicationName: { text: "Nordvik compressor station", locale: "en" },
    },
    buildInfo: { productName: "Compressor station", manufacturerName: "Nordvik Kompressor" },
    serverCertificateManager,
    userCertificateManager: await certificateManager(path.join(pki, "users")),
    certificateFile,
    securityPolicies: security.policies,
    securityModes: security.modes,
    allowAnonymous: options.user === undefined,
    userManager: userManager(options.user, options["password-env"]),
    nodeset_filename: [nodesets.standard],
    maxConnectionsPerEndpoint: 20,
    serverCapabilities: {
      ...operationLimits(Number(options["max-items-per-call"])),
      maxMonitoredItemsPerSubscription: Number(options["max-items-per-subscription"]),
      maxSubscriptionsPerSession: Number(options["max-subscriptions"]),
    },
  });
  await server.initialize();
  return { server, certificateFile };
}

function operationLimits(limit) {
  if (limit === 0) return {};
  const perCall = [
    "maxNodesPerRead",
    "maxNodesPerWrite",
    "maxNodesPerBrowse",
    "maxNodesPerRegisterNodes",
    "maxNodesPerTranslateBrowsePathsToNodeIds",
    "maxMonitoredItemsPerCall",
  ];
  return { operationLimits: Object.fromEntries(perCall.map((name) => [name, limit])) };
}

async function main() {
  const { values: options } = parseArgs({ options: OPTIONS });
  if (options["pki-dir"] === undefined) throw new Error("--pki-dir DIR is needed");
  const { server, certificateFile } = await startServer(options);

  const addressSpace = server.engine.addressSpace;
  const own = [STATION_NAMESPACE, LOAD_NAMESPACE];
  const table = options["shuffle-namespaces"] ? [...FOREIGN_NAMESPACES, ...own.reverse()] : own;
  table.forEach((uri) => addressSpace.registerNamespace(uri));
  const steps = [
    buildStation(addressSpace),
    buildLoad(addressSpace, Number(options["item-count"])),
  ];
  let step = 0;
  const advance = () => {
    step += 1;
    steps.forEach((next) => next(step));
  };
  advance();
  const timer = setInterval(advance, Number(options.interval));

  server.on("create_session", () => process.stdout.write(`${JSON.stringify({ session: true })}\n`));
  await server.start();
  const url = server.getEndpointUrl();
  process.stdout.write(`${JSON.stringify({ ready: true, url, certificate: certificateFile })}\n`);

  const stop = async () => {
    clearInterval(timer);
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
