package org.vit4j.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.vit4j.config.ConfigError;

/**
 * Sharded {@code .safetensors} files with a Hugging Face index, {@code {"weight_map": {name: file}}}, in one
 * directory.
 */
final class ShardedSafeTensors implements StateDict {
    private static final long MAX_INDEX_BYTES = 16 << 20;
    private static final int MAX_SHARDS = 1000;
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private final Path index;
    private final Map<String, StateDict> shards = new LinkedHashMap<>();
    private final Map<String, String> shardOf = new LinkedHashMap<>();
    private final Map<String, StateEntry> entries = new LinkedHashMap<>();

    private ShardedSafeTensors(Path index) {
        this.index = index;
    }

    static ShardedSafeTensors open(Path index) {
        ShardedSafeTensors all = new ShardedSafeTensors(index);
        try {
            if (Files.size(index) > MAX_INDEX_BYTES)
                throw new ConfigError(index + ": too large for an index of shards");
            JsonNode map = JSON.readTree(index.toFile()).path("weight_map");
            if (!map.isObject() || map.isEmpty()) {
                throw new ConfigError(index + ": no weight_map; expected the index of a sharded .safetensors");
            }
            for (Map.Entry<String, JsonNode> entry : map.properties())
                all.add(entry.getKey(), entry.getValue().asText());
            return all;
        } catch (JsonProcessingException e) {
            all.close();
            throw new ConfigError(index + ": not an index of shards: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            all.close();
            throw new ConfigError(index + ": cannot be read: " + e.getMessage(), e);
        } catch (ConfigError e) {
            all.close();
            throw e;
        }
    }

    private void add(String name, String shard) {
        if (!shards.containsKey(shard)) {
            // Shards must be in the directory of the index.
            if (!shard.matches("[A-Za-z0-9][A-Za-z0-9._-]*\\.safetensors")) {
                throw new ConfigError(index + ": " + name + ": '" + shard + "' is not a plain .safetensors file name");
            }
            if (shards.size() == MAX_SHARDS) throw new ConfigError(index + ": more than " + MAX_SHARDS + " shards");
            shards.put(shard, SafeTensorsFile.open(index.resolveSibling(shard)));
        }
        StateEntry entry = shards.get(shard).entries().get(name);
        if (entry == null) throw new ConfigError(index + ": " + name + " is not in " + shard);
        shardOf.put(name, shard);
        entries.put(name, entry);
    }

    @Override
    public String label() {
        return index.toString();
    }

    @Override
    public Map<String, StateEntry> entries() {
        return Collections.unmodifiableMap(entries);
    }

    @Override
    public float[] values(String name) {
        String shard = shardOf.get(name);
        if (shard == null) throw new IllegalArgumentException(index + ": no array '" + name + "'");
        return shards.get(shard).values(name);
    }

    @Override
    public void close() {
        shards.values().forEach(StateDict::close);
    }
}
