// The BaSyx TypeScript SDK as its users call it: ids as they are, results as objects of aas-core.
"use strict";

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { jsonization, types } = require("@aas-core-works/aas-core3.0-typescript");
const sdk = require("basyx-typescript-sdk");

const [address, documentsFile] = process.argv.slice(2);
const documents = JSON.parse(readFileSync(documentsFile, "utf-8"));
const configuration = new sdk.Configuration({ basePath: address });
const shells = new sdk.AasRepositoryClient();
const submodels = new sdk.SubmodelRepositoryClient();
const concepts = new sdk.ConceptDescriptionRepositoryClient();
const shellRegistry = new sdk.AasRegistryClient();
const submodelRegistry = new sdk.SubmodelRegistryClient();
const discovery = new sdk.AasDiscoveryClient();
const packages = new sdk.AasxFileClient();

const aasIdentifier = documents.shell.id;
const submodelIdentifier = documents.submodel.id;
const cdIdentifier = documents.conceptDescription.id;

function parsed(result) {
  assert.equal(result.error, null);
  return result.mustValue();
}

async function done(promise) {
  const result = await promise;
  assert.ok(result.success, JSON.stringify(result.error));
  return result.data;
}

async function refused(promise, code) {
  const result = await promise;
  assert.equal(result.success, false);
  assert.equal(result.error.messages[0].code, code);
}

const assetAdministrationShell = parsed(
  jsonization.assetAdministrationShellFromJsonable(documents.shell),
);
const submodel = parsed(jsonization.submodelFromJsonable(documents.submodel));
const conceptDescription = parsed(
  jsonization.conceptDescriptionFromJsonable(documents.conceptDescription),
);
const submodelReference = parsed(
  jsonization.referenceFromJsonable(documents.submodelReference),
);

function hint(value) {
  const element = new types.Property(types.DataTypeDefXsd.String);
  element.idShort = "Hint";
  element.value = value;
  return element;
}

// The SDK has no reader for descriptors; what is absent has to be null.
function endpointsOf(document) {
  return document.endpoints.map((endpoint) => ({
    _interface: endpoint.interface,
    protocolInformation: {
      subprotocol: null,
      subprotocolBody: null,
      subprotocolBodyEncoding: null,
      securityAttributes: null,
      ...endpoint.protocolInformation,
    },
  }));
}

function submodelDescriptorOf(document) {
  const descriptor = new sdk.Models.SubmodelDescriptor(document.id, endpointsOf(document));
  descriptor.idShort = document.idShort;
  return descriptor;
}

function shellDescriptorOf(document) {
  const descriptor = new sdk.Models.AssetAdministrationShellDescriptor(document.id);
  descriptor.idShort = document.idShort;
  descriptor.globalAssetId = document.globalAssetId;
  descriptor.endpoints = endpointsOf(document);
  descriptor.submodelDescriptors = document.submodelDescriptors.map(submodelDescriptorOf);
  return descriptor;
}

const steps = {
  async "create a shell, its submodel and a concept"() {
    const created = await done(
      shells.postAssetAdministrationShell({ configuration, assetAdministrationShell }),
    );
    assert.equal(created.id, aasIdentifier);
    await done(submodels.postSubmodel({ configuration, submodel }));
    await done(shells.postSubmodelReference({ configuration, aasIdentifier, submodelReference }));
    await done(concepts.postConceptDescription({ configuration, conceptDescription }));
    await refused(submodels.postSubmodel({ configuration, submodel }), "Conflict");
  },

  async "read lists and single ones"() {
    const page = await done(shells.getAllAssetAdministrationShells({ configuration, limit: 1 }));
    assert.deepEqual(page.result.map((shell) => shell.id), [aasIdentifier]);
    const read = await done(submodels.getSubmodelById({ configuration, submodelIdentifier }));
    assert.equal(read.submodelElements.length, documents.submodel.submodelElements.length);
    const references = await done(shells.getAllSubmodelReferences({ configuration, aasIdentifier }));
    assert.equal(references.result[0].keys[0].value, submodelIdentifier);
    const information = await done(shells.getAssetInformation({ configuration, aasIdentifier }));
    assert.equal(information.globalAssetId, documents.shell.assetInformation.globalAssetId);
    const all = await done(submodels.getAllSubmodels({ configuration, idShort: submodel.idShort }));
    assert.equal(all.result.length, 1);
    const known = await done(concepts.getAllConceptDescriptions({ configuration }));
    assert.equal(known.result[0].id, cdIdentifier);
  },

  async "find a shell by its asset"() {
    const assetIds = [{ name: "serialNumber", value: "P7-0042" }];
    const found = await done(shells.getAllAssetAdministrationShells({ configuration, assetIds }));
    assert.equal(found.result.length, 1);
    const ids = await done(
      discovery.getAllAssetAdministrationShellIdsByAssetLink({ configuration, assetIds }),
    );
    assert.deepEqual(ids.result, [aasIdentifier]);
    const links = await done(discovery.getAllAssetLinksById({ configuration, aasIdentifier }));
    assert.ok(links.some((link) => link.name === "globalAssetId"));
  },

  async "replace them"() {
    await done(
      shells.putAssetAdministrationShellById({
        configuration,
        aasIdentifier,
        assetAdministrationShell,
      }),
    );
    await done(submodels.putSubmodelById({ configuration, submodelIdentifier, submodel }));
    await done(
      concepts.putConceptDescriptionById({ configuration, cdIdentifier, conceptDescription }),
    );
    await done(
      shells.putSubmodelByIdAasRepository({
        configuration,
        aasIdentifier,
        submodelIdentifier,
        submodel,
      }),
    );
  },

  async "change elements"() {
    const where = { configuration, submodelIdentifier };
    await done(submodels.postSubmodelElement({ ...where, submodelElement: hint("a") }));
    const path = { ...where, idShortPath: "Hint" };
    await done(submodels.putSubmodelElementByPath({ ...path, submodelElement: hint("b") }));
    const read = await done(submodels.getSubmodelElementByPath(path));
    assert.equal(read.value, "b");
    await done(
      submodels.postSubmodelElementByPath({
        ...where,
        idShortPath: "Tool",
        submodelElement: hint("nested"),
      }),
    );
    await done(submodels.deleteSubmodelElementByPath(path));
    await refused(submodels.getSubmodelElementByPath(path), "NotFound");
    const cell = await done(
      submodels.getSubmodelElementByPath({ ...where, idShortPath: "Grid[1][0]" }),
    );
    assert.equal(cell.value, "1/0");
  },

  async "read and write values"() {
    const where = { configuration, submodelIdentifier };
    await done(submodels.patchSubmodelByIdValueOnly({ ...where, body: { Count: 7 } }));
    const values = await done(submodels.getSubmodelByIdValueOnly(where));
    assert.equal(values.Count, 7);
    await done(
      submodels.patchSubmodelElementByPathValueOnly({
        ...where,
        idShortPath: "Tool",
        submodelElementValue: { Serial: "T-10" },
      }),
    );
    const tool = await done(
      submodels.getSubmodelElementByPathValueOnly({ ...where, idShortPath: "Tool" }),
    );
    assert.equal(tool.Serial, "T-10");
    const metadata = await done(submodels.getSubmodelByIdMetadata(where));
    assert.equal(metadata.submodelElements, undefined);
  },

  async "carry files"() {
    const file = new Blob(["picture"], { type: "image/png" });
    await done(shells.putThumbnail({ configuration, aasIdentifier, fileName: "press.png", file }));
    const read = await done(shells.getThumbnail({ configuration, aasIdentifier }));
    assert.equal(await read.text(), "picture");
    await done(shells.deleteThumbnail({ configuration, aasIdentifier }));
  },

  async "keep packages"() {
    const sent = Buffer.from(documents.package, "base64");
    const file = new Blob([sent]);
    const fileName = "press.aasx";
    const kept = await done(
      packages.postAASXPackage({ configuration, aasIds: [aasIdentifier], file, fileName }),
    );
    const { packageId } = kept;
    const read = await done(packages.getAASXByPackageId({ configuration, packageId }));
    assert.deepEqual(Buffer.from(await read.arrayBuffer()), sent);
    await done(packages.deleteAASXByPackageId({ configuration, packageId }));
  },

  async "keep descriptors of others"() {
    const assetAdministrationShellDescriptor = shellDescriptorOf(documents.shellDescriptor);
    const submodelDescriptor = submodelDescriptorOf(documents.submodelDescriptor);
    await done(
      shellRegistry.postAssetAdministrationShellDescriptor({
        configuration,
        assetAdministrationShellDescriptor,
      }),
    );
    const listed = await done(
      shellRegistry.getAllAssetAdministrationShellDescriptors({ configuration }),
    );
    const ids = listed.result.map((descriptor) => descriptor.id);
    assert.deepEqual(ids.sort(), [aasIdentifier, documents.shellDescriptor.id].sort());
    await done(
      shellRegistry.deleteAssetAdministrationShellDescriptorById({
        configuration,
        aasIdentifier: documents.shellDescriptor.id,
      }),
    );
    await done(submodelRegistry.postSubmodelDescriptor({ configuration, submodelDescriptor }));
    await done(
      submodelRegistry.deleteSubmodelDescriptorById({
        configuration,
        submodelIdentifier: submodelDescriptor.id,
      }),
    );
  },

  async "take everything away"() {
    await done(
      shells.deleteSubmodelReferenceById({ configuration, aasIdentifier, submodelIdentifier }),
    );
    await done(submodels.deleteSubmodelById({ configuration, submodelIdentifier }));
    await done(concepts.deleteConceptDescriptionById({ configuration, cdIdentifier }));
    await done(shells.deleteAssetAdministrationShellById({ configuration, aasIdentifier }));
    await refused(
      shells.getAssetAdministrationShellById({ configuration, aasIdentifier }),
      "NotFound",
    );
  },
};

async function main() {
  for (const [name, step] of Object.entries(steps)) {
    console.log(name);
    await step();
  }
  console.log(`${Object.keys(steps).length} steps done`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
