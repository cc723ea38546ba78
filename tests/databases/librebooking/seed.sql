-- Made-up data. See expected.json for what must come out, as of 2026-11-23T08:00:00Z, window 2026-09-24 .. 2027-06-01.
SET NAMES utf8mb4;
INSERT INTO users (user_id, fname, lname, username, email, phone, timezone, language, status_id) VALUES
 (10,'Lucía','Gómez','lucia','lucia@mail.example','+34600000010','Europe/Madrid','es',1),
 (11,'John','Smith','john','john@mail.example',NULL,'America/New_York','en_us',1),
 (12,'Eva','Nováková','eva','eva@mail.example','','Europe/Prague','cz',1),
 (13,'Zoë 😀','de Vries','zoe','zoe@mail.example',NULL,'Europe/Amsterdam','du_nl',1),
 (14,'Jaan','Tamm','jaan','jaan@mail.example',NULL,'Europe/Tallinn','ee_ee',1),
 (15,'Luka','Novak','luka','luka@mail.example',NULL,'Europe/Ljubljana','si_si',1),
 (16,'Linh','Tran','linh','linh@mail.example',NULL,'Asia/Ho_Chi_Minh','vn_vn',1);
INSERT INTO resources (resource_id, name, location, contact_info) VALUES (1,'Sala Árbol','First floor','desk@example.com'),(2,'Projector',NULL,NULL);
INSERT INTO reservation_series (series_id, date_created, last_modified, title, description, type_id, status_id, owner_id) VALUES
 (1,'2026-11-01 10:00:00',NULL,'Reunión','Bring the plans',1,1,10),
 (2,'2026-11-01 10:00:00','2026-11-20 10:00:00','Deleted',NULL,1,2,10),
 (3,'2026-11-01 10:00:00',NULL,NULL,NULL,1,3,11),
 (4,'2026-11-01 10:00:00',NULL,'Blackout',NULL,2,1,10),
 (5,'2026-11-01 10:00:00',NULL,'Weekly',NULL,1,1,12);
INSERT INTO reservation_resources (series_id, resource_id, resource_level_id) VALUES (1,1,1),(1,2,2),(2,1,1),(3,1,1),(4,1,1),(5,1,1);
INSERT INTO reservation_instances (reservation_instance_id, start_date, end_date, reference_number, series_id) VALUES
 (101,'2026-11-24 09:00:00','2026-11-24 10:00:00','5f1a001',1),
 (102,'2026-11-24 11:00:00','2026-11-24 12:00:00','5f1a002',2),
 (103,'2026-11-24 14:00:00','2026-11-24 15:00:00','5f1a003',3),
 (104,'2026-11-24 16:00:00','2026-11-24 17:00:00','5f1a004',4),
 (105,'2026-11-25 09:00:00','2026-11-25 10:00:00','5f1a005',5),
 (106,'2026-12-02 09:00:00','2026-12-02 10:00:00','5f1a006',5),
 (107,'2027-03-28 00:30:00','2027-03-28 01:30:00','5f1a007',5),
 (108,'2029-11-25 09:00:00','2029-11-25 10:00:00','5f1a008',5);
INSERT INTO reservation_users (reservation_instance_id, user_id, reservation_user_level) VALUES
 (101,10,1),(101,11,2),(101,13,2),(101,12,3),(102,10,1),(103,11,1),(104,10,1),
 (105,12,1),(105,14,2),(105,15,2),(105,16,2),(106,12,1),(107,12,1),(108,12,1);
