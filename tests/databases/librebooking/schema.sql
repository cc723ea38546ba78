-- A database like that of LibreBooking of October 2024, reduced to what reminders need: tables, columns and types only.
-- MariaDB or MySQL: `mariadb DATABASE < schema.sql`, then seed.sql. There is no prefix.
-- start_date and end_date are UTC and have an index. What is canceled is the series.
SET NAMES utf8mb4;
CREATE TABLE users (
  user_id MEDIUMINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, fname VARCHAR(85), lname VARCHAR(85), username VARCHAR(85),
  email VARCHAR(85) NOT NULL, phone VARCHAR(85), timezone VARCHAR(85) NOT NULL, language VARCHAR(10) NOT NULL,
  status_id TINYINT UNSIGNED NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE resources (
  resource_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(85) NOT NULL, location VARCHAR(255),
  contact_info VARCHAR(255)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE reservation_series (
  series_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, date_created DATETIME NOT NULL, last_modified DATETIME,
  title VARCHAR(300), description TEXT, type_id TINYINT UNSIGNED NOT NULL, status_id TINYINT UNSIGNED NOT NULL,
  owner_id MEDIUMINT UNSIGNED NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE reservation_instances (
  reservation_instance_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, start_date DATETIME NOT NULL, end_date DATETIME NOT NULL,
  reference_number VARCHAR(50) NOT NULL, series_id INT UNSIGNED NOT NULL,
  KEY start_date (start_date), KEY end_date (end_date), KEY reference_number (reference_number), KEY series_id (series_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE reservation_users (
  reservation_instance_id INT UNSIGNED NOT NULL, user_id MEDIUMINT UNSIGNED NOT NULL, reservation_user_level TINYINT UNSIGNED NOT NULL,
  PRIMARY KEY (reservation_instance_id, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE reservation_resources (
  series_id INT UNSIGNED NOT NULL, resource_id SMALLINT UNSIGNED NOT NULL, resource_level_id TINYINT UNSIGNED NOT NULL,
  PRIMARY KEY (series_id, resource_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
