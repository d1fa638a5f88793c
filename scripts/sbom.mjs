import { Contrib, Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import { PackageURL } from 'packageurl-js';

/** The format of the bill of materials: CycloneDX as JSON. */
const specVersion = Spec.Version.v1dot6;

/**
 * Formats the software bill of materials of a build. `program` and each of the packages is `{ name, version, license }`. One
 * source gives one text: it has neither a time nor a serial number.
 */
export function formatSbom(program, packages) {
  const component = createComponent(program, Enums.ComponentType.Application);
  const bom = new Models.Bom({ metadata: new Models.Metadata({ component }) });
  for (const one of packages) {
    const library = createComponent(one, Enums.ComponentType.Library);
    bom.components.add(library);
    component.dependencies.add(library.bomRef);
  }
  const normalizers = new Serialize.JSON.Normalize.Factory(Spec.SpecVersionDict[specVersion]);
  const text = new Serialize.JsonSerializer(normalizers).serialize(bom, { sortLists: true, space: 2 });
  return `${text}\n`;
}

function createComponent({ name, version, license }, type) {
  const separator = name.indexOf('/');
  const group = separator < 0 ? undefined : name.slice(0, separator);
  const purl = new PackageURL('npm', group, name.slice(separator + 1), version).toString();
  const licenses = new Models.LicenseRepository([
    new Contrib.License.Factories.LicenseFactory().makeDisjunctive(license),
  ]);
  return new Models.Component(type, name.slice(separator + 1), { group, version, purl, licenses, bomRef: purl });
}
