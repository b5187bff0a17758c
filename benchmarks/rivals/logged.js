// Fastify with its own logger, one line for each request, as Starling logs.
import fastify from "fastify";

export const application = () => {
  const app = fastify({ logger: true, disableRequestLogging: true });
  app.addHook("onResponse", (request, reply, done) => {
    const { method, url } = request;
    request.log.info({ method, url, status: reply.statusCode, ms: reply.elapsedTime }, "request");
    done();
  });
  return app;
};
