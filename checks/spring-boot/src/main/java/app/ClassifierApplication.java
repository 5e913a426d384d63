package app;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.vit4j.machine.MemoryLimit;

/** Web service that classifies images. */
@SpringBootApplication
@EnableConfigurationProperties(ClassifierProperties.class)
public class ClassifierApplication {
    public static void main(String[] args) {
        MemoryLimit.configureJavaCpp(); // limits of native memory; before ND4J loads
        SpringApplication.run(ClassifierApplication.class, args);
    }
}
