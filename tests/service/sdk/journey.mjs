// A shopper's journey by a Node SDK: package, url, write key and the shopper's name as arguments.
import { createRequire } from "node:module";

const [name, url, writeKey, who] = process.argv.slice(2);
const loaded = createRequire(`${process.cwd()}/`)(name);
const failures = [];
let client;
if (name.includes("rudder")) {
  client = new (loaded.default ?? loaded)(writeKey, { dataPlaneUrl: url, flushAt: 20 });
} else {
  client = new loaded.Analytics({ writeKey, host: url, flushAt: 15 });
  client.on("error", (error) => failures.push(error));
}
const anonymousId = `anon-${who}`;
const userId = `user-${who}`;
const product = { product_id: "p-1", category: "Shoes", price: 25 };
client.page({ anonymousId, name: "Home", properties: { url: "https://shop.example/" } });
client.track({ anonymousId, event: "Product Viewed", properties: product });
client.identify({
  userId,
  anonymousId,
  traits: { email: `${who}@example.com`, firstName: "Ann", last_name: "Lee", plan: "pro" },
});
client.track({ userId, event: "Product Added", properties: product });
client.track({
  userId,
  event: "Order Completed",
  properties: {
    order_id: `o-${who}`,
    revenue: 50,
    currency: "EUR",
    products: [{ ...product, quantity: 2 }],
  },
});
client.group({ userId, groupId: `acme-${who}`, traits: { name: "Acme", employees: 12 } });
client.alias({ previousId: `old-${who}`, userId });
if (client.closeAndFlush) await client.closeAndFlush({ timeout: 20000 });
else await client.flush();
if (failures.length) {
  console.error("not sent", failures);
  process.exit(1);
}
process.exit(0);
