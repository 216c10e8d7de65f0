using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .answer)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const answer :Workerd.Worker = (
  modules = [(name = "answer", esModule = "export default { fetch() { return new Response('ok\\n'); } }")],
  compatibilityDate = "2026-01-01",
);
