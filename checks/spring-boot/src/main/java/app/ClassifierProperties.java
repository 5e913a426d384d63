package app;

import java.nio.file.Path;
import org.springframework.boot.context.properties.ConfigurationProperties;

/** Section {@code classifier} of application.yaml. */
@ConfigurationProperties("classifier")
public record ClassifierProperties(Path model, int maxBatch, int queue, long maxPixels) {}
