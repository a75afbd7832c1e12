/** Whether the Node that runs is new enough. Written so that a Node of any age can read it. */

/** The `engines` of package.json, which npm only warns about. */
const OLDEST = [22, 18];

/**
 * @param {string} version Such as "20.20.2".
 * @returns {string | undefined} What to do where it is too old, in one sentence.
 */
export function tooOld(version) {
  const [major, minor] = version.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined;
  return (
    `Kintsugi needs Node ${OLDEST.join(".")} or later, this is ${version}: in a checkout, ` +
    "`npx kintsugi` uses the Node 24 that `npm ci` brought; elsewhere install a newer Node, for " +
    "one folder with `npm install node@24`"
  );
}
