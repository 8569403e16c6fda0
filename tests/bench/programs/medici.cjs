// medici: withdrawals from wallets that hold enough, as its README writes them.
// node medici.cjs NODE_MODULES ; prints {"rate": ...}

const { createRequire } = require("node:module");
const need = createRequire(process.argv[2] + "/");
const mongoose = need("mongoose");
const { Book, initModels, mongoTransaction, syncIndexes } = need("medici");

const book = new Book("MyBook", { precision: 0 });
const env = process.env;
const count = Number(env.COUNT), threads = Number(env.THREADS), wallets = Number(env.WALLETS);
const ENOUGH = 1e9;

async function withdraw(wallet, amount) {
  const account = `Accounts:${wallet}`;
  await mongoTransaction(async (session) => {
    await book.entry("Withdraw").credit("Assets", amount).debit(account, amount).commit({ session });
    const after = await book.balance({ account }, { session });
    if (after.balance < 0) throw new Error("Not enough balance in wallet.");
    await book.writelockAccounts([account], { session });
  });
}

async function main() {
  const url = env.MONGO_URL.replace("/?", `/${env.MONGO_DB}?`);
  await mongoose.connect(url, { w: "majority", maxPoolSize: 32 });
  await initModels();
  await syncIndexes({ background: false });
  for (let n = 0; n < wallets; n++) {
    await book.entry("Deposit").debit("Assets", ENOUGH).credit(`Accounts:w${n}`, ENOUGH).commit();
  }
  for (let n = 0; n < 20; n++) await withdraw(`w${n % wallets}`, 1000);
  const began = process.hrtime.bigint();
  await Promise.all(Array.from({ length: threads }, async (_, part) => {
    for (let n = part; n < count; n += threads) await withdraw(`w${n % wallets}`, 1000);
  }));
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  console.log(JSON.stringify({ rate: count / seconds }));
  await mongoose.disconnect();
}

main().catch((wrong) => { console.error(wrong); process.exit(1); });
