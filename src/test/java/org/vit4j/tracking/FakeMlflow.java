package org.vit4j.tracking;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Tracking server in this process: the part of MLflow's REST API that vit4j uses, with its limits. */
public final class FakeMlflow implements AutoCloseable {
    /** Path of the files of an experiment on the server. */
    String experimentPath = "/0";

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Run on the server. */
    public static final class FakeRun {
        public final Map<String, String> params = new LinkedHashMap<>();
        public final Map<String, String> tags = new LinkedHashMap<>();
        /** Values in the order of their arrival: step and value. */
        public final Map<String, List<String>> metrics = new TreeMap<>();

        public final Map<String, byte[]> artifacts = new TreeMap<>();
        public final List<String> statuses = new ArrayList<>();
        public String name = "";
        private final Map<String, Long> lastSteps = new LinkedHashMap<>();
    }

    /** Answer other than 200. */
    private static final class Refusal extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final int status;

        Refusal(int status, String message) {
            super(message);
            this.status = status;
        }
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Map<String, String> experiments = new LinkedHashMap<>(Map.of("Default", "0"));
    private final Map<String, FakeRun> runs = new LinkedHashMap<>();
    private final List<Integer> batches = new ArrayList<>();
    private String authorization = "";
    private volatile int failWith;
    private volatile int failBatchesWith;
    private volatile String otherPath;
    private volatile int otherStatus;
    private volatile String otherBody = "";
    private volatile int delayMillis;
    private volatile String droppedPath;
    private volatile String hangingPath = "";
    private volatile CountDownLatch gate = new CountDownLatch(0);

    public FakeMlflow() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/", this::handle);
        server.setExecutor(threads);
        server.start();
    }

    public String uri() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** Answers every request with parameters, tags or metrics with this HTTP status; 0 for normal answers. */
    public void failBatchesWith(int status) {
        failBatchesWith = status;
    }

    /** Answers every request with this HTTP status; 0 for normal answers. */
    public void failWith(int status) {
        failWith = status;
    }

    /** Answers as another program the requests whose path contains a text; a body that begins with '<' is a page. */
    public void answerAsOther(String path, int status, String body) {
        otherStatus = status;
        otherBody = body;
        otherPath = path;
    }

    /** Ends {@link #answerAsOther}. */
    public void answerAsMlflow() {
        otherPath = null;
    }

    /** Delays the answer to every request. */
    public void delay(int millis) {
        delayMillis = millis;
    }

    /** Closes the connections of requests whose path contains a text, without an answer. */
    public void dropConnections(String path) {
        droppedPath = path;
    }

    /** Lets requests wait until {@link #answer}. */
    public void hang() {
        hang("");
    }

    /** Lets the requests whose path contains a text wait until {@link #answer}. */
    public void hang(String path) {
        hangingPath = path;
        gate = new CountDownLatch(1);
    }

    public void answer() {
        gate.countDown();
    }

    /** Returns the runs in the order in which they were made. */
    public synchronized List<FakeRun> runs() {
        return List.copyOf(runs.values());
    }

    public synchronized String id(FakeRun run) {
        return runs.keySet().stream()
                .filter(id -> runs.get(id) == run)
                .findFirst()
                .orElseThrow();
    }

    public synchronized List<String> experiments() {
        return List.copyOf(experiments.keySet());
    }

    /** Sizes of the batches of parameters, tags and metrics so far. */
    public synchronized List<Integer> batches() {
        return List.copyOf(batches);
    }

    /** Last header of that name. */
    public synchronized String authorization() {
        return authorization;
    }

    /** Forgets all runs. */
    public synchronized void forget() {
        runs.clear();
    }

    private void handle(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        try {
            String path = exchange.getRequestURI().getPath();
            if (path.contains(hangingPath)) gate.await();
            if (delayMillis > 0) Thread.sleep(delayMillis);
            if (droppedPath != null && path.contains(droppedPath)) return;
            if (failWith != 0) throw new Refusal(failWith, "no service");
            if (otherPath != null && path.contains(otherPath)) respondAsOther(exchange);
            else respond(exchange, 200, answer(exchange, body).toString());
        } catch (Refusal e) {
            respond(
                    exchange,
                    e.status,
                    JSON.createObjectNode().put("message", e.getMessage()).toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            exchange.close();
        }
    }

    private void respondAsOther(HttpExchange exchange) throws IOException {
        if (otherBody.startsWith("<")) exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
        if (otherBody.isEmpty()) exchange.sendResponseHeaders(otherStatus, -1);
        else respond(exchange, otherStatus, otherBody);
    }

    private static void respond(HttpExchange exchange, int status, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private synchronized ObjectNode answer(HttpExchange exchange, byte[] body) throws IOException {
        String header = exchange.getRequestHeaders().getFirst("Authorization");
        authorization = header == null ? "" : header;
        String path = exchange.getRequestURI().getPath();
        String artifacts = "/api/2.0/mlflow-artifacts/artifacts/";
        if (path.startsWith(artifacts)) {
            String[] parts = path.substring(artifacts.length()).split("/");
            run(parts[1]).artifacts.put(parts[3], body);
            return JSON.createObjectNode();
        }
        JsonNode json = body.length == 0 ? JSON.createObjectNode() : JSON.readTree(body);
        return switch (path.replace("/api/2.0/mlflow/", "")) {
            case "experiments/get-by-name" -> experiment(query(exchange, "experiment_name"));
            case "experiments/create" -> createExperiment(json.get("name").asText());
            case "runs/create" -> create(json);
            case "runs/get" -> described(query(exchange, "run_id"));
            case "runs/update" -> update(json);
            case "runs/log-batch" -> {
                if (failBatchesWith != 0) throw new Refusal(failBatchesWith, "bad value");
                yield log(json);
            }
            default -> throw new Refusal(404, "no endpoint " + path);
        };
    }

    private static String query(HttpExchange exchange, String key) {
        for (String part : exchange.getRequestURI().getRawQuery().split("&")) {
            if (part.startsWith(key + "="))
                return URLDecoder.decode(part.substring(key.length() + 1), StandardCharsets.UTF_8);
        }
        throw new Refusal(400, "missing " + key);
    }

    private ObjectNode experiment(String name) {
        if (!experiments.containsKey(name)) throw new Refusal(404, "no experiment " + name);
        ObjectNode answer = JSON.createObjectNode();
        answer.putObject("experiment")
                .put("experiment_id", experiments.get(name))
                .put("name", name)
                .put("lifecycle_stage", name.equals("deleted") ? "deleted" : "active");
        return answer;
    }

    /** Adds an experiment. */
    public synchronized ObjectNode createExperiment(String name) {
        experiments.put(name, String.valueOf(experiments.size()));
        return JSON.createObjectNode().put("experiment_id", experiments.get(name));
    }

    private ObjectNode create(JsonNode json) {
        String id = String.format("%032x", runs.size() + 1);
        FakeRun run = new FakeRun();
        run.name = json.get("run_name").asText();
        run.statuses.add("RUNNING");
        json.withArray("tags")
                .forEach(tag ->
                        run.tags.put(tag.get("key").asText(), tag.get("value").asText()));
        runs.put(id, run);
        return described(id);
    }

    private FakeRun run(String id) {
        FakeRun run = runs.get(id);
        if (run == null) throw new Refusal(404, "Run '" + id + "' not found");
        return run;
    }

    private ObjectNode described(String id) {
        FakeRun run = run(id);
        ObjectNode answer = JSON.createObjectNode();
        ObjectNode described = answer.putObject("run");
        described
                .putObject("info")
                .put("run_id", id)
                .put("experiment_id", "0")
                .put("lifecycle_stage", "active")
                .put("artifact_uri", "mlflow-artifacts:" + experimentPath + "/" + id + "/artifacts");
        ObjectNode data = described.putObject("data");
        ArrayNode params = data.putArray("params");
        run.params.forEach((key, value) -> params.addObject().put("key", key).put("value", value));
        ArrayNode metrics = data.putArray("metrics");
        run.lastSteps.forEach((key, step) ->
                metrics.addObject().put("key", key).put("value", 0).put("step", step));
        return answer;
    }

    private ObjectNode update(JsonNode json) {
        run(json.get("run_id").asText()).statuses.add(json.get("status").asText());
        return JSON.createObjectNode();
    }

    private ObjectNode log(JsonNode json) {
        FakeRun run = run(json.get("run_id").asText());
        JsonNode metrics = json.path("metrics");
        JsonNode params = json.path("params");
        JsonNode tags = json.path("tags");
        if (metrics.size() > 1000 || params.size() > 100 || tags.size() > 100) throw new Refusal(400, "too many");
        batches.add(metrics.size() + params.size() + tags.size());
        for (JsonNode param : params)
            log(run, param.get("key").asText(), param.get("value").asText());
        tags.forEach(
                tag -> run.tags.put(tag.get("key").asText(), tag.get("value").asText()));
        for (JsonNode metric : metrics) {
            String key = metric.get("key").asText();
            long step = metric.path("step").asLong();
            run.metrics
                    .computeIfAbsent(key, k -> new ArrayList<>())
                    .add(step + " " + metric.path("value").asDouble());
            run.lastSteps.merge(key, step, Math::max);
        }
        return JSON.createObjectNode();
    }

    private static void log(FakeRun run, String key, String value) {
        if (!key.matches("[A-Za-z0-9_. :/-]{1,250}")) throw new Refusal(400, "invalid parameter name " + key);
        if (value.length() > 6000) throw new Refusal(400, "value of " + key + " too long");
        String before = run.params.putIfAbsent(key, value);
        if (before != null && !before.equals(value)) throw new Refusal(400, "changing " + key + " is not allowed");
    }

    @Override
    public void close() {
        answer();
        server.stop(0);
        threads.shutdownNow();
    }
}
