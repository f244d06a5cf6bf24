// Reads a body of OTLP in JSON on standard input, by OpenTelemetry's own definitions of the protocol, and prints what
// was understood of it. What was not understood is missing there.
const { ExportMetricsServiceRequest } =
  require("@opentelemetry/otlp-transformer/build/src/generated/root.js").opentelemetry.proto.collector.metrics.v1;

const body = JSON.parse(require("fs").readFileSync(0, "utf8"));
const message = ExportMetricsServiceRequest.decode(
  ExportMetricsServiceRequest.encode(ExportMetricsServiceRequest.fromObject(body)).finish()
);
console.log(JSON.stringify(ExportMetricsServiceRequest.toObject(message, { longs: String, json: true, arrays: false })));
